// SPDX-License-Identifier: GPL-2.0
/*
 * ZPCIFD_IRQ_SET: vectors that are wired, parted and moved to other eventfds while
 * they fire. Here the vectors fire by ZPCIFD_IRQ_TRIGGER; irq_virtio.c has a
 * function that raises interrupts.
 */
#include <pthread.h>

#include "irq_test.h"

/* Triggers, of which each test with two threads has fewer */
#define MANY 100000
#define MANY_THREADED 20000

/* Seconds that a test may take on a busy machine that emulates another one */
#define SLOW 120

TEST_F(irq, interrupts_are_on_while_a_vector_is_wired)
{
	__u32 v, round;

	if (is_simulated(&self->irq.f))
		SKIP(return, "a simulated function has no PCI device that tells");
	EXPECT_EQ(0, count_allocated(&self->irq.f));
	for (round = 0; round < 10; round++) {
		for (v = 0; v < self->irq.num; v++) {
			EXPECT_EQ(0, wire(&self->irq, v, 1, &self->irq.fds[v]));
			EXPECT_LE(self->irq.num, count_allocated(&self->irq.f));
		}
		for (v = 0; v < self->irq.num; v++) {
			EXPECT_LE(self->irq.num, count_allocated(&self->irq.f));
			EXPECT_EQ(0, wire(&self->irq, v, 1, NULL));
		}
		EXPECT_EQ(0, count_allocated(&self->irq.f));
		/* What is not wired can be parted all the same */
		EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, NULL));
		EXPECT_EQ(0, count_allocated(&self->irq.f));
	}
}

TEST_F(irq, a_trigger_reaches_only_the_vectors_it_names_that_are_wired)
{
	__u32 v, i;

	EXPECT_EQ(0, trigger(&self->irq, 0, self->irq.num));
	for (v = 0; v < self->irq.num; v++) {
		EXPECT_EQ(0, wire(&self->irq, v, 1, &self->irq.fds[v]));
		expect_wired(_metadata, &self->irq, v + 1);
	}
	for (v = 0; v < self->irq.num; v++) {
		EXPECT_EQ(0, trigger(&self->irq, v, 1));
		for (i = 0; i < self->irq.num; i++)
			EXPECT_EQ(i == v, take(self->irq.fds[i]));
	}
	EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, NULL));
	EXPECT_EQ(0, trigger(&self->irq, 0, self->irq.num));
	for (v = 0; v < self->irq.num; v++)
		EXPECT_EQ(0, take(self->irq.fds[v]));
}

TEST_F(irq, vectors_may_share_an_eventfd)
{
	int same[MAX_VECTORS];
	__u32 v;

	for (v = 0; v < self->irq.num; v++)
		same[v] = self->irq.fds[0];
	EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, same));
	EXPECT_EQ(0, trigger(&self->irq, 0, self->irq.num));
	EXPECT_EQ(self->irq.num, take(self->irq.fds[0]));
	/* One of them parts, the others still have it */
	EXPECT_EQ(0, wire(&self->irq, 0, 1, NULL));
	EXPECT_EQ(0, trigger(&self->irq, 0, self->irq.num));
	EXPECT_EQ(self->irq.num - 1, take(self->irq.fds[0]));
}

TEST_F(irq, a_wired_eventfd_may_be_closed)
{
	int fd = dup(self->irq.fds[0]);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, wire(&self->irq, 0, 1, &fd));
	close(fd);
	expect_wired(_metadata, &self->irq, 1);
	/* Now nobody but the kernel has it */
	close(self->irq.fds[0]);
	EXPECT_EQ(0, trigger(&self->irq, 0, self->irq.num));
	self->irq.fds[0] = new_eventfd();
	EXPECT_EQ(0, wire(&self->irq, 0, 1, &self->irq.fds[0]));
	expect_wired(_metadata, &self->irq, 1);
}

TEST_F(irq, a_full_eventfd_does_no_harm)
{
	const __u64 most = 0xfffffffffffffffe;
	__u32 i;

	EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, self->irq.fds));
	ASSERT_EQ(sizeof(most), write(self->irq.fds[0], &most, sizeof(most)));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, trigger(&self->irq, 0, self->irq.num));
	EXPECT_LE(most, take(self->irq.fds[0]));
	for (i = 1; i < self->irq.num; i++)
		EXPECT_EQ(3, take(self->irq.fds[i]));
	expect_wired(_metadata, &self->irq, self->irq.num);
}

TEST_F(irq, a_reset_leaves_the_vectors_wired)
{
	struct zpcifd_reset reset = { .size = sizeof(reset) };
	int ret;

	EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, self->irq.fds));
	ret = call(self->irq.f.fd, ZPCIFD_RESET, &reset);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "the provider of %s does not offer RESET", self->irq.f.path);
	EXPECT_EQ(0, ret);
	expect_wired(_metadata, &self->irq, self->irq.num);
}

TEST_F(irq, nothing_is_wired_after_the_owner_was_closed)
{
	__u32 v;

	EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, self->irq.fds));
	close(self->irq.f.fd);
	self->irq.f.fd = open(self->irq.f.path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(-ENOTCONN, trigger(&self->irq, 0, self->irq.num));
	EXPECT_EQ(-ENOTCONN, wire(&self->irq, 0, self->irq.num, self->irq.fds));
	ASSERT_EQ(0, function_bind(&self->irq.f));
	EXPECT_EQ(0, trigger(&self->irq, 0, self->irq.num));
	for (v = 0; v < self->irq.num; v++)
		EXPECT_EQ(0, take(self->irq.fds[v]));
	EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, self->irq.fds));
	expect_wired(_metadata, &self->irq, self->irq.num);
}

TEST_F_TIMEOUT(irq, a_hundred_thousand_triggers_are_all_counted, SLOW)
{
	__u32 i, v, errors = 0, wrong = 0;

	EXPECT_EQ(0, wire(&self->irq, 0, self->irq.num, self->irq.fds));
	for (i = 1; i <= MANY / self->irq.num; i++) {
		errors += trigger(&self->irq, 0, self->irq.num) != 0;
		if (i % 100)
			continue;
		for (v = 0; v < self->irq.num; v++)
			wrong += take(self->irq.fds[v]) != 100;
	}
	EXPECT_EQ(0, errors);
	EXPECT_EQ(0, wrong);
	for (v = 0; v < self->irq.num; v++)
		EXPECT_EQ((i - 1) % 100, take(self->irq.fds[v]));
	expect_wired(_metadata, &self->irq, self->irq.num);
}

/**
 * struct shooter - A thread that triggers vector 0 again and again
 * @irq: The interrupts of the function
 * @count: How often
 * @errors: Calls that failed
 * @done: It is ready
 */
struct shooter {
	struct irq *irq;
	__u32 count;
	__u32 errors;
	bool done;
	pthread_t thread;
};

static void *shoot(void *data)
{
	struct shooter *s = data;
	__u32 i;

	for (i = 0; i < s->count; i++)
		s->errors += trigger(s->irq, 0, 1) != 0;
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool is_shooting(const struct shooter *s)
{
	return !__atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
}

TEST_F_TIMEOUT(irq, vectors_come_and_go_while_another_fires, SLOW)
{
	struct shooter s = { .irq = &self->irq, .count = MANY_THREADED };
	__u32 v, rounds = 0;

	ASSERT_LT(1, self->irq.num);
	ASSERT_EQ(0, wire(&self->irq, 0, 1, &self->irq.fds[0]));
	ASSERT_EQ(0, pthread_create(&s.thread, NULL, shoot, &s));
	while (is_shooting(&s)) {
		for (v = 1; v < self->irq.num; v++) {
			EXPECT_EQ(0, wire(&self->irq, v, 1, &self->irq.fds[v]));
			EXPECT_EQ(0, trigger(&self->irq, v, 1));
			EXPECT_EQ(1, take(self->irq.fds[v]));
		}
		for (v = 1; v < self->irq.num; v++) {
			EXPECT_EQ(0, wire(&self->irq, v, 1, NULL));
			EXPECT_EQ(0, trigger(&self->irq, v, 1));
			EXPECT_EQ(0, take(self->irq.fds[v]));
		}
		rounds++;
	}
	pthread_join(s.thread, NULL);
	TH_LOG("%u rounds", rounds);
	EXPECT_LT(0, rounds);
	EXPECT_EQ(0, s.errors);
	EXPECT_EQ(MANY_THREADED, take(self->irq.fds[0]));
}

TEST_F_TIMEOUT(irq, no_trigger_is_lost_while_the_eventfd_is_replaced, SLOW)
{
	struct shooter s = { .irq = &self->irq, .count = MANY_THREADED };
	const int fds[2] = { self->irq.fds[0], new_eventfd() };
	__u32 rounds = 0, used[2] = { 0 };
	__u64 sum = 0;

	ASSERT_LE(0, fds[1]);
	ASSERT_EQ(0, wire(&self->irq, 0, 1, &fds[0]));
	ASSERT_EQ(0, pthread_create(&s.thread, NULL, shoot, &s));
	while (is_shooting(&s)) {
		__u32 old = rounds % 2;
		__u64 count;

		EXPECT_EQ(0, wire(&self->irq, 0, 1, &fds[!old]));
		/* Nobody signals the old one any more once the call is done */
		count = take(fds[old]);
		EXPECT_EQ(0, take(fds[old]));
		used[old] += !!count;
		sum += count;
		rounds++;
	}
	pthread_join(s.thread, NULL);
	sum += take(fds[0]) + take(fds[1]);
	TH_LOG("%u rounds", rounds);
	EXPECT_LT(0, used[0]);
	EXPECT_LT(0, used[1]);
	EXPECT_EQ(0, s.errors);
	EXPECT_EQ(MANY_THREADED, sum);
	close(fds[1]);
}

/* A sleeper that a trigger does not wake would never wake up: alarm() ends it */
TEST_F_TIMEOUT(irq, every_trigger_wakes_who_sleeps, SLOW)
{
	struct shooter s = { .irq = &self->irq, .count = MANY_THREADED };
	const int fd = eventfd(0, EFD_CLOEXEC);
	__u64 count, sum = 0;
	__u32 wakes = 0;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, wire(&self->irq, 0, 1, &fd));
	ASSERT_EQ(0, pthread_create(&s.thread, NULL, shoot, &s));
	while (sum < s.count) {
		ASSERT_EQ(sizeof(count), read(fd, &count, sizeof(count)));
		sum += count;
		wakes++;
	}
	pthread_join(s.thread, NULL);
	TH_LOG("woke %u times", wakes);
	EXPECT_EQ(s.count, sum);
	EXPECT_EQ(0, s.errors);
	close(fd);
}

TEST_HARNESS_MAIN
