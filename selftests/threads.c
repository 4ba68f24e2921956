// SPDX-License-Identifier: GPL-2.0
/*
 * Several threads and processes at one ring: every completion is accounted
 * for, waiters wake, and memory that changes under the kernel's hands gains
 * nobody anything
 */
#include <poll.h>
#include <pthread.h>

#include "pass_fd.h"
#include "sim_log.h"
#include "submit.h"

#define ENTRIES 64
#define THREADS 4

FIXTURE(threads)
{
	struct function f;
	struct ring r;
};

SUBMISSION_VARIANTS(threads);

FIXTURE_SETUP(threads)
{
	ring_submission = variant->submission;
	function_open_bound(_metadata, &self->f);
	ring_open(_metadata, self->f.fd, &self->r, ENTRIES, ENTRIES, TEST_PAGE);
}

FIXTURE_TEARDOWN(threads)
{
	ring_close(&self->r);
	expect_works(_metadata, self->f.fd);
	function_close(&self->f);
}

/* What threads share; stop, tid and taken are atomic */
struct work {
	struct ring *r;
	int stop;
	pid_t tid;
	/* Descriptors that ENTER took */
	long taken;
	/* How a thread ended */
	int ret;
};

static bool stopped(struct work *w)
{
	return __atomic_load_n(&w->stop, __ATOMIC_RELAXED);
}

static void stop(struct work *w)
{
	__atomic_store_n(&w->stop, 1, __ATOMIC_RELAXED);
}

/* @own is the ring as the thread submits to it: an io_uring is for one thread */
struct enterer {
	struct work *w;
	struct ring own;
	pthread_t thread;
	int bad;
};

/*
 * ENTERs until told to stop, or wakes the ring's thread; EINVAL is for who changes
 * the counters only
 */
static void *enter(void *data)
{
	struct enterer *e = data;
	unsigned int seed = 1;
	int ret;

	while (!stopped(e->w)) {
		if (ring_holds(&e->own))
			ret = call(e->own.fd, ZPCIFD_RING_ENTER, (void *)1);
		else
			ret = ring_enter(&e->own, seed++ % 16 + 1);
		if (ret > 0)
			__atomic_add_fetch(&e->w->taken, ret, __ATOMIC_RELAXED);
		else if (ret && ret != -EINVAL)
			e->bad = ret;
		else
			sched_yield();
	}
	return NULL;
}

static void start_enterers(struct __test_metadata *_metadata, struct work *w,
			   struct enterer *enterers)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		enterers[i] = (struct enterer){ .w = w, .own = *w->r };
		if (w->r->submission)
			ASSERT_EQ(0, w->r->submission->open(&enterers[i].own));
		ASSERT_EQ(0, pthread_create(&enterers[i].thread, NULL, enter, &enterers[i]));
	}
}

static void stop_enterers(struct __test_metadata *_metadata, struct work *w,
			  struct enterer *enterers)
{
	unsigned int i;

	stop(w);
	for (i = 0; i < THREADS; i++) {
		pthread_join(enterers[i].thread, NULL);
		EXPECT_EQ(0, enterers[i].bad);
		if (w->r->submission)
			w->r->submission->close(&enterers[i].own);
	}
}

TEST_F_TIMEOUT(threads, every_descriptor_of_many_submitters_completes_once_and_in_order, 120)
{
	struct work w = { .r = &self->r };
	struct enterer enterers[THREADS];
	const __u64 total = 3000;
	__u64 pushed = 0, popped = 0;
	struct zpcifd_cqe cqe;
	__u32 head;

	start_enterers(_metadata, &w, enterers);
	while (popped < total) {
		head = __atomic_load_n(&self->r.header->sq_head, __ATOMIC_ACQUIRE);
		while (pushed < total && (__u32)pushed - head < ENTRIES) {
			ring_push(&self->r, sqe_user(pushed % 3 ? sqe_id() : sqe_refused(),
						     pushed));
			pushed++;
		}
		if (ring_holds(&self->r))
			ASSERT_EQ(0, ring_start(&self->r, INT_MAX));
		while (ring_pop(&self->r, &cqe)) {
			ASSERT_EQ(popped, cqe.user_data);
			ASSERT_EQ(popped % 3 ? 0 : -EINVAL, cqe.res);
			popped++;
		}
		sched_yield();
	}
	stop_enterers(_metadata, &w, enterers);
	/* The last completion comes before the last count */
	EXPECT_EQ(0, ring_finish(&self->r));
	EXPECT_EQ(ring_holds(&self->r) ? 0 : total, w.taken);
	EXPECT_EQ(total, self->r.header->sq_head);
	EXPECT_EQ(0, ring_ready(&self->r));
}

/*
 * Legal and illegal descriptors. Any mixture of their fields is harmless to a
 * virtio function too: its registers are at none of these offsets.
 */
static unsigned int mixture(const struct function *f, struct zpcifd_sqe *sqes)
{
	const struct zpcifd_info *info = &f->info;
	const struct zpcifd_sqe config = sqe_load(ZPCIFD_AS_CONFIG, 0xff8, 4);
	struct zpcifd_sqe none = sqe_refused();
	unsigned int n = 0;

	none.offset = TEST_SCRATCH;
	sqes[n++] = none;
	sqes[n++] = config;
	sqes[n++] = sqe_load(f->bar, TEST_SCRATCH, 8);
	sqes[n++] = sqe_load(f->bar, TEST_SCRATCH + 5, 8);
	sqes[n++] = sqe_store(f->bar, TEST_SCRATCH, 4, ~0ULL);
	sqes[n++] = sqe_store(f->bar, TEST_SCRATCH, 0xffffffff, ~0ULL);
	sqes[n++] = sqe_block(f->bar, TEST_SCRATCH, 64, 0);
	sqes[n++] = sqe_block(f->bar, TEST_SCRATCH + TEST_PAGE - 16, 64, TEST_PAGE - 16);
	sqes[n++] = sqe_block(f->bar, info->out_bar_size[f->bar], 16, 1ULL << 40);
	sqes[n++] = sqe_load(f->bar, -8ULL, 8);
	sqes[n++] = sqe_load(info->out_msix_pba_bar, info->out_msix_pba_offset, 4);
	sqes[n++] = sqe_flags(config, ZPCIFD_SQE_LINK);
	sqes[n++] = sqe_flags(none, ZPCIFD_SQE_LINK);
	sqes[n++] = sqe_flags(config, ZPCIFD_SQE_SKIP_SUCCESS);
	sqes[n++] = sqe_flags(config, 0xff);
	return n;
}

/*
 * Tears entries and counters, eight and four bytes at a time, until enough
 * descriptors ran meanwhile
 */
static void scribble(const struct function *f, struct ring *r, __u32 enough)
{
	struct zpcifd_sqe sqes[16];
	unsigned int n = mixture(f, sqes), seed = 1, entry, word;
	const __u64 *from;
	__u64 *to;

	for (entry = 0; entry < r->layout.sq_entries; entry++)
		r->sqes[entry] = sqes[0];
	while (__atomic_load_n(&r->header->sq_head, __ATOMIC_RELAXED) < enough) {
		/* On one CPU the others need a chance */
		if (rand_r(&seed) % 32 == 0)
			sched_yield();
		entry = rand_r(&seed) % r->layout.sq_entries;
		word = rand_r(&seed) % 4;
		from = (const __u64 *)&sqes[rand_r(&seed) % n] + word;
		to = (__u64 *)&r->sqes[entry] + word;
		__atomic_store_n(to, *from, __ATOMIC_RELAXED);
		r->data[rand_r(&seed) % TEST_PAGE]++;
		switch (rand_r(&seed) % 8) {
		case 0:
			__atomic_store_n(&r->header->sq_tail, rand_r(&seed), __ATOMIC_RELAXED);
			break;
		case 1:
			__atomic_store_n(&r->header->cq_head, rand_r(&seed), __ATOMIC_RELAXED);
			break;
		default:
			/* Mostly right, so that something runs */
			__atomic_store_n(&r->header->sq_tail,
					 __atomic_load_n(&r->header->sq_head, __ATOMIC_RELAXED) +
					 rand_r(&seed) % r->layout.sq_entries, __ATOMIC_RELAXED);
			__atomic_store_n(&r->header->cq_head,
					 __atomic_load_n(&r->header->cq_tail, __ATOMIC_RELAXED),
					 __ATOMIC_RELAXED);
		}
	}
}

/*
 * With its counters put right a ring works on, once it has canceled what may be
 * left of a chain
 */
static void recover(struct __test_metadata *_metadata, struct ring *r)
{
	struct zpcifd_ring_header *header = r->header;
	struct zpcifd_cqe cqe;
	unsigned int i;

	/* A thread may still be at work, until it finds that it cannot go on */
	r->tail = r->head;
	if (ring_holds(r))
		ASSERT_LE(0, ring_enter(r, 0));
	for (i = 0; i < 3 * ENTRIES; i++) {
		r->head = header->sq_head;
		r->tail = r->head;
		header->sq_tail = r->head;
		header->cq_head = header->cq_tail;
		ring_push(r, sqe_user(sqe_id(), i));
		ASSERT_EQ(1, ring_enter(r, 1));
	}
	ASSERT_TRUE(ring_pop(r, &cqe));
	EXPECT_EQ(i - 1, cqe.user_data);
	EXPECT_EQ(0, cqe.res);
}

TEST_F_TIMEOUT(threads, memory_that_changes_under_the_kernel_gains_nobody_anything, 120)
{
	struct sim_insn *insns = calloc(SIM_LOG_LEN, sizeof(*insns));
	struct work w = { .r = &self->r };
	struct enterer enterers[THREADS];
	__u64 next;
	int n, i;

	ASSERT_NE(NULL, insns);
	start_enterers(_metadata, &w, enterers);
	scribble(&self->f, &self->r, 1500);
	stop_enterers(_metadata, &w, enterers);

	/* What an architecture would refuse was never issued */
	if (is_simulated(&self->f)) {
		next = sim_log_next(_metadata, &self->f);
		n = sim_log_read(&self->f, next > SIM_LOG_LEN ? next - SIM_LOG_LEN : 0, insns,
				 SIM_LOG_LEN);
		EXPECT_LT(0, n);
		for (i = 0; i < n; i++) {
			EXPECT_FALSE(insns[i].pgm_check);
			EXPECT_EQ(0, insns[i].cc);
		}
	}
	free(insns);

	recover(_metadata, &self->r);
}

/* Returns once the thread runs */
static pid_t tid_of(struct work *w)
{
	pid_t tid;

	while (!(tid = __atomic_load_n(&w->tid, __ATOMIC_ACQUIRE)))
		sched_yield();
	return tid;
}

/* Makes every entry legal and illegal in turns, by one store of its first half */
static void *flip(void *data)
{
	const struct zpcifd_sqe legal = sqe_id(), illegal = sqe_load(ZPCIFD_AS_CONFIG, 0, 8);
	struct work *w = data;
	unsigned int i, turn = 0;
	__u64 words[2];

	memcpy(&words[0], &legal, sizeof(words[0]));
	memcpy(&words[1], &illegal, sizeof(words[1]));
	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	while (!stopped(w)) {
		turn = !turn;
		for (i = 0; i < ENTRIES; i++)
			__atomic_store_n((__u64 *)&w->r->sqes[i], words[turn], __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST_F_TIMEOUT(threads, a_descriptor_that_turns_illegal_after_the_check_is_not_issued_so, 120)
{
	struct work w = { .r = &self->r };
	unsigned int batch, legal = 0, illegal = 0;
	struct zpcifd_cqe cqe;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, flip, &w));
	tid_of(&w);
	/* The one thread runs while the other one does */
	for (batch = 0; batch < 100 || !legal || !illegal; batch++) {
		ring_advance(&self->r, ENTRIES);
		ASSERT_EQ(ENTRIES, ring_enter(&self->r, ENTRIES));
		while (ring_pop(&self->r, &cqe)) {
			/* Issued and done, or not issued: no program check */
			if (!cqe.res && cqe.flags == ZPCIFD_CQE_ISSUED)
				legal++;
			else if (cqe.res == -EINVAL && !cqe.flags)
				illegal++;
		}
		sched_yield();
	}
	stop(&w);
	pthread_join(thread, NULL);
	EXPECT_EQ(batch * ENTRIES, legal + illegal);
}

/* Returns once the thread sleeps in the kernel */
static void wait_until_asleep(pid_t tid)
{
	char path[64], text[256], *state;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	do {
		sched_yield();
		if (file_read(path, text, sizeof(text)))
			return;
		state = strrchr(text, ')');
	} while (state && state[2] != 'S');
}

/* Waits for a completion, or for the end */
static void *wait_for_events(void *data)
{
	struct work *w = data;
	struct pollfd pfd = { .fd = w->r->fd, .events = POLLIN };

	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	w->ret = poll(&pfd, 1, -1) == 1 ? pfd.revents : -1;
	return NULL;
}

TEST_F(threads, a_thread_that_waits_wakes_when_another_one_submits)
{
	struct work w = { .r = &self->r };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_events, &w));
	wait_until_asleep(tid_of(&w));
	ring_push(&self->r, sqe_id());
	EXPECT_EQ(1, ring_enter(&self->r, 1));
	pthread_join(thread, NULL);
	EXPECT_EQ(POLLIN, w.ret);
}

TEST_F(threads, a_thread_that_waits_wakes_when_the_owner_is_closed)
{
	struct work w = { .r = &self->r };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_events, &w));
	wait_until_asleep(tid_of(&w));
	close(self->f.fd);
	pthread_join(thread, NULL);
	EXPECT_NE(0, w.ret & POLLHUP);
	self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, function_bind(&self->f));
}

/* Submits until the ring gives an error, which it returns */
static void *enter_until_error(void *data)
{
	struct work *w = data;
	struct zpcifd_cqe cqe;

	do {
		__atomic_store_n(&w->taken, w->taken + 1, __ATOMIC_RELEASE);
		ring_push(w->r, sqe_id());
		w->ret = ring_enter(w->r, 1);
		while (ring_pop(w->r, &cqe))
			;
	} while (w->ret == 1);
	return NULL;
}

TEST_F(threads, closing_the_owner_stops_a_thread_that_submits_with_ENODEV)
{
	struct work w = { .r = &self->r };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, enter_until_error, &w));
	while (__atomic_load_n(&w.taken, __ATOMIC_ACQUIRE) < 100)
		sched_yield();
	close(self->f.fd);
	pthread_join(thread, NULL);
	EXPECT_EQ(-ENODEV, w.ret);
	self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, function_bind(&self->f));
}

/* The other process: works with the ring, until it meets ENODEV */
static int use_foreign_ring(int socket, const struct ring *theirs)
{
	struct ring r = { .layout = theirs->layout };
	struct zpcifd_cqe cqe;
	char byte = 0;
	int i;

	r.fd = receive_fd(socket);
	if (r.fd < 0 || ring_map(&r))
		return 1;
	r.thread = theirs->thread;
	r.submission = theirs->submission;
	if (r.submission && r.submission->open(&r))
		return 5;
	for (i = 0; i < 100; i++) {
		ring_push(&r, sqe_user(sqe_id(), i));
		if (ring_enter(&r, 1) != 1 || !ring_pop(&r, &cqe) || cqe.res ||
		    cqe.user_data != (__u64)i)
			return 2;
	}
	/* Tell the owner, which closes the function and answers */
	if (write(socket, &byte, 1) != 1 || read(socket, &byte, 1) != 1)
		return 3;
	if (ring_enter(&r, 1) != -ENODEV)
		return 4;
	return 0;
}

TEST_F(threads, a_ring_works_in_another_process_and_dies_with_its_owner)
{
	int sockets[2], status;
	char byte = 0;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		struct ring theirs = self->r;

		/* Nothing but the socket */
		close(sockets[0]);
		function_close(&self->f);
		ring_close(&self->r);
		_exit(use_foreign_ring(sockets[1], &theirs));
	}
	close(sockets[1]);
	EXPECT_EQ(0, send_fd(sockets[0], self->r.fd));
	EXPECT_EQ(1, read(sockets[0], &byte, 1));
	close(self->f.fd);
	EXPECT_EQ(1, write(sockets[0], &byte, 1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status) {
		TH_LOG("the other process ended with %d", WEXITSTATUS(status));
	}
	close(sockets[0]);

	self->f.fd = open(self->f.path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, function_bind(&self->f));
}

TEST_HARNESS_MAIN
