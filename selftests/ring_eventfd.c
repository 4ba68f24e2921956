// SPDX-License-Identifier: GPL-2.0
/*
 * The eventfd of a ring: counts submissions that added completions, and the
 * ring's end, and nothing else
 */
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include "submit.h"

#define ENTRIES 8

FIXTURE(ring_eventfd)
{
	struct function f;
	struct ring r;
	int eventfd;
};

SUBMISSION_VARIANTS(ring_eventfd);

/* As ring_open(), with an eventfd */
static void open_with(struct __test_metadata *_metadata, const struct function *f,
		      struct ring *r, int eventfd)
{
	*r = (struct ring){ .layout = {
		.flags = ZPCIFD_RING_EVENTFD,
		.sq_entries = ENTRIES,
		.eventfd = eventfd,
	} };
	ASSERT_EQ(0, ring_make(f->fd, r, ring_submission));
}

FIXTURE_SETUP(ring_eventfd)
{
	ring_submission = variant->submission;
	function_open_bound(_metadata, &self->f);
	/* Reads wait: a signal that does not come is a test that does not end */
	self->eventfd = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, self->eventfd);
	open_with(_metadata, &self->f, &self->r, self->eventfd);
}

FIXTURE_TEARDOWN(ring_eventfd)
{
	if (self->r.fd >= 0)
		ring_close(&self->r);
	close(self->eventfd);
	ring_submission = NULL;
	expect_works(_metadata, self->f.fd);
	function_close(&self->f);
}

static eventfd_t wait_for(int fd)
{
	eventfd_t count;

	return eventfd_read(fd, &count) ? 0 : count;
}

static short events(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

static void run(struct __test_metadata *_metadata, struct ring *r, struct zpcifd_sqe sqe,
		unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		ring_push(r, sqe);
	ASSERT_EQ(n, ring_enter(r, n));
}

static unsigned int take_all(struct ring *r)
{
	struct zpcifd_cqe cqe;
	unsigned int n = 0;

	while (ring_pop(r, &cqe))
		n++;
	return n;
}

TEST_F(ring_eventfd, counts_each_submission_that_added_completions_once)
{
	const struct zpcifd_sqe sqes[] = {
		sqe_id(), sqe_refused(), sqe_flags(sqe_refused(), ZPCIFD_SQE_SKIP_SUCCESS),
	};
	unsigned int i, n;

	for (i = 0; i < ARRAY_LEN(sqes); i++) {
		for (n = 1; n <= ENTRIES; n++) {
			run(_metadata, &self->r, sqes[i], n);
			EXPECT_EQ(1, wait_for(self->eventfd));
			EXPECT_EQ(n, take_all(&self->r));
		}
	}
	/* As often as nobody reads it */
	for (i = 0; i < 5; i++)
		run(_metadata, &self->r, sqe_id(), 1);
	/* The last one may still be on its way */
	for (n = 0; n < 5;)
		n += wait_for(self->eventfd);
	EXPECT_EQ(5, n);
	EXPECT_EQ(5, take_all(&self->r));
}

TEST_F(ring_eventfd, does_not_count_what_added_no_completion)
{
	struct zpcifd_ring_header *header = self->r.header;
	struct zpcifd_sqe skipped = sqe_flags(sqe_id(), ZPCIFD_SQE_SKIP_SUCCESS);
	unsigned int i;

	EXPECT_EQ(0, events(self->eventfd));
	EXPECT_EQ(0, ring_enter(&self->r, 0));
	EXPECT_EQ(0, ring_enter(&self->r, INT_MAX));
	run(_metadata, &self->r, skipped, 3);
	EXPECT_EQ(0, ring_ready(&self->r));
	run(_metadata, &self->r, sqe_id(), 1);
	/* All before was counted by now, if it was */
	EXPECT_EQ(1, wait_for(self->eventfd));

	/* Room for none, but for what is skipped it is not known before */
	run(_metadata, &self->r, sqe_id(), ENTRIES - 1);
	EXPECT_EQ(1, wait_for(self->eventfd));
	ring_push(&self->r, sqe_id());
	EXPECT_EQ(0, ring_enter(&self->r, 1));
	EXPECT_EQ(0, events(self->eventfd));
	/* A counter that makes no sense */
	i = header->cq_head;
	header->cq_head = i - 1;
	EXPECT_GE(0, ring_enter(&self->r, 1));
	EXPECT_EQ(0, events(self->eventfd));
	header->cq_head = i;

	EXPECT_EQ(ENTRIES, take_all(&self->r));
	EXPECT_EQ(1, ring_enter(&self->r, 1));
	EXPECT_EQ(1, wait_for(self->eventfd));
	EXPECT_EQ(1, take_all(&self->r));
}

TEST_F(ring_eventfd, and_poll_tell_the_same)
{
	struct pollfd both[] = {
		{ .fd = self->eventfd, .events = POLLIN },
		{ .fd = self->r.fd, .events = POLLIN },
	};

	EXPECT_EQ(0, poll(both, ARRAY_LEN(both), 0));
	run(_metadata, &self->r, sqe_id(), 2);
	/* Waits for the eventfd, which is told last */
	EXPECT_EQ(1, poll(both, 1, -1));
	EXPECT_EQ(2, poll(both, ARRAY_LEN(both), -1));
	EXPECT_EQ(POLLIN, both[0].revents);
	EXPECT_EQ(POLLIN, both[1].revents);

	/* Who reads the eventfd has not taken the completions, nor the reverse */
	EXPECT_EQ(1, wait_for(self->eventfd));
	EXPECT_EQ(0, events(self->eventfd));
	EXPECT_EQ(POLLIN, events(self->r.fd));
	EXPECT_EQ(2, take_all(&self->r));
	EXPECT_EQ(0, events(self->r.fd));
	run(_metadata, &self->r, sqe_id(), 1);
	EXPECT_EQ(1, poll(both, 1, -1));
	EXPECT_EQ(1, take_all(&self->r));
	EXPECT_EQ(POLLIN, events(self->eventfd));
	EXPECT_EQ(0, events(self->r.fd));
}

static void *wait_in_poll(void *data)
{
	struct pollfd pfd = { .fd = *(int *)data, .events = POLLIN };

	return poll(&pfd, 1, -1) == 1 && pfd.revents == POLLIN ? NULL : data;
}

TEST_F(ring_eventfd, wakes_who_waits_for_completions_of_another_thread)
{
	void *failed = NULL;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_in_poll, &self->eventfd));
	run(_metadata, &self->r, sqe_id(), 1);
	pthread_join(thread, &failed);
	EXPECT_EQ(NULL, failed);
	EXPECT_EQ(1, take_all(&self->r));
}

TEST_F(ring_eventfd, counts_once_when_the_owner_is_closed)
{
	close(self->f.fd);
	EXPECT_EQ(1, wait_for(self->eventfd));
	ring_push(&self->r, sqe_id());
	EXPECT_EQ(-ENODEV, ring_enter(&self->r, 1));
	/* The ring has ended: that it is closed as well is nobody's concern */
	ring_close(&self->r);
	EXPECT_EQ(0, events(self->eventfd));

	self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, function_bind(&self->f));
}

TEST_F(ring_eventfd, counts_once_when_the_ring_is_closed)
{
	int fd = dup(self->r.fd);

	ring_close(&self->r);
	EXPECT_EQ(0, events(self->eventfd));
	close(fd);
	EXPECT_EQ(1, wait_for(self->eventfd));
	EXPECT_EQ(0, events(self->eventfd));
}

TEST_F(ring_eventfd, may_be_shared_by_rings_and_closed_and_full)
{
	const eventfd_t full = ~0ULL - 1;
	eventfd_t count = 0;
	struct ring other;

	open_with(_metadata, &self->f, &other, self->eventfd);
	run(_metadata, &self->r, sqe_id(), 1);
	run(_metadata, &other, sqe_id(), 1);
	while (count < 2)
		count += wait_for(self->eventfd);
	EXPECT_EQ(2, count);

	/* Then it counts no further, and nobody waits for it */
	ASSERT_EQ(0, eventfd_write(self->eventfd, full));
	run(_metadata, &self->r, sqe_id(), 1);
	run(_metadata, &other, sqe_id(), 1);
	close(self->eventfd);
	run(_metadata, &self->r, sqe_id(), 1);
	EXPECT_EQ(3, take_all(&self->r));
	EXPECT_EQ(2, take_all(&other));
	ring_close(&other);
	self->eventfd = eventfd(0, EFD_CLOEXEC);
}

TEST_HARNESS_MAIN
