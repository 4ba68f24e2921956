/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The three ways to submit, as a fixture's variants: a test pushes descriptors
 * and calls ring_enter(), whatever that is. The thread of a ring takes all that it
 * sees, so there descriptors are held back until ring_enter() says how many.
 *
 * Every fixture has them whose tests are about descriptors; many gives its functions
 * one way each by turns, stress its rings. Not so:
 *
 * - ioctl, info, irq, irq_input, netlink but its counters, netlink_events, configfs,
 *   fail_nth: calls and files of a function, which do not know how descriptors are
 *   submitted; a descriptor only shows that the function still works
 * - libzpcifd: has variants of its own, for the two ways that the library knows
 * - irq_virtio: interrupts of a disk; the driver of tools/examples that it uses
 *   submits by ENTER alone
 * - zpctl: the command submits by ENTER alone
 * - msix: needs no function
 */
#ifndef SUBMIT_H
#define SUBMIT_H

#include <liburing.h>
#include <sched.h>

#include "zpcifd_test.h"

/* Times that a thread that sleeps is woken before it is looked at closely */
#define SUBMIT_WAKES 4

/* Times that this thread yields to one that is awake before it sleeps */
#define SUBMIT_YIELDS 50

/* The ring's thread takes descriptors */

/* Finds the newest thread of a ring that @creator has made, 0 if there is none */
static pid_t submit_find_thread(pid_t creator)
{
	char path[64], comm[64], suffix[32];
	pid_t pid, found = 0, least = creator;
	struct dirent *entry;
	size_t len, end;
	DIR *dir;

	end = snprintf(suffix, sizeof(suffix), "-sq-%d", creator);
	/* First among the younger ones, to look at few */
	for (; !found && least >= 0; least = least ? 0 : -1) {
		dir = opendir("/proc");
		while (dir && (entry = readdir(dir))) {
			pid = atoi(entry->d_name);
			snprintf(path, sizeof(path), "/proc/%d/comm", pid);
			if (pid <= least || file_read(path, comm, sizeof(comm)))
				continue;
			len = strlen(comm);
			if (len > end && !strcmp(comm + len - end, suffix) && pid > found)
				found = pid;
		}
		if (dir)
			closedir(dir);
	}
	return found;
}

/* How often a thread went to sleep, -1 if it is gone */
static long submit_sleeps(pid_t thread)
{
	static const char key[] = "\nvoluntary_ctxt_switches:";
	char path[64], text[4096], *found;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len > 0 ? len : 0] = 0;
	found = strstr(text, key);
	return found ? strtol(found + strlen(key), NULL, 10) : -1;
}

static int submit_sqpoll_open(struct ring *ring)
{
	/* Who was handed the ring knows the thread from its creator */
	if (!ring->thread)
		ring->thread = submit_find_thread(gettid());
	ring->head = ring->header->sq_head;
	ring->tail = ring->header->sq_tail;
	return ring->thread ? 0 : -ESRCH;
}

static bool submit_sqpoll_sleeps(const struct ring *ring)
{
	return __atomic_load_n(&ring->header->flags, __ATOMIC_ACQUIRE) & ZPCIFD_RING_NEED_WAKEUP;
}

static int submit_sqpoll_start(struct ring *ring, unsigned long count)
{
	__u32 shown = ring->header->sq_tail, held = ring->tail - shown;

	__atomic_store_n(&ring->header->sq_tail, shown + (held < count ? held : count),
			 __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return submit_sqpoll_sleeps(ring) ? call(ring->fd, ZPCIFD_RING_ENTER, NULL) : 0;
}

/*
 * Waits until the thread has taken what it was shown, or has looked and found that
 * it cannot. That is when it fell asleep twice since a call woke it: the first time
 * may have begun before, but then it has looked at the counters again.
 */
static int submit_sqpoll_enter(struct ring *ring, unsigned long count)
{
	__u32 from = ring->head, held = ring->tail - from;
	__u32 target = from + (held < count ? held : count);
	struct zpcifd_ring_header *header = ring->header;
	unsigned int wakes = 0, yields = 0;
	long now, before = -1;
	int ret = 0;

	if (target != from && (__s32)(target - header->sq_tail) > 0)
		__atomic_store_n(&header->sq_tail, target, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	while (target == from ||
	       (__s32)(target - __atomic_load_n(&header->sq_head, __ATOMIC_ACQUIRE)) > 0) {
		if (!submit_sqpoll_sleeps(ring)) {
			before = -1;
			/* In an emulated machine the thread may need this processor */
			if (yields++ < SUBMIT_YIELDS)
				sched_yield();
			else
				usleep(100);
			continue;
		}
		ret = call(ring->fd, ZPCIFD_RING_ENTER, NULL);
		if (ret) {
			/* The ring ends, and the thread does when it has stopped */
			while (submit_sleeps(ring->thread) >= 0)
				usleep(100);
			break;
		}
		if (wakes++ < SUBMIT_WAKES) {
			sched_yield();
			continue;
		}
		now = submit_sleeps(ring->thread);
		if (before >= 0 && now > before + 1 && submit_sqpoll_sleeps(ring))
			break;
		if (before < 0)
			before = now;
		usleep(100);
	}
	ring->head = __atomic_load_n(&header->sq_head, __ATOMIC_ACQUIRE);
	return ring->head != from ? (int)(ring->head - from) : ret;
}

static int submit_sqpoll_finish(struct ring *ring)
{
	int ret = 1;

	while (ret > 0 && ring->head != ring->tail)
		ret = submit_sqpoll_enter(ring, INT_MAX);
	return ret < 0 ? ret : 0;
}

static void submit_sqpoll_close(struct ring *ring)
{
	ring->thread = 0;
}

static const struct submission submit_sqpoll = {
	.flags = ZPCIFD_RING_SQPOLL,
	.hold = true,
	.open = submit_sqpoll_open,
	.start = submit_sqpoll_start,
	.finish = submit_sqpoll_finish,
	.enter = submit_sqpoll_enter,
	.close = submit_sqpoll_close,
};

/* An io_uring's requests do, each ring has an io_uring */

#define SUBMIT_REQUESTS 8

/**
 * struct submit_uring - What submits to a ring, from one thread
 * @uring: The io_uring
 * @sqe: A request that could not be submitted, or NULL
 * @flying: Requests whose results were not taken
 */
struct submit_uring {
	struct io_uring uring;
	struct io_uring_sqe *sqe;
	unsigned int flying;
};

static int submit_uring_open(struct ring *ring)
{
	struct submit_uring *u = calloc(1, sizeof(*u));
	int ret = u ? io_uring_queue_init(SUBMIT_REQUESTS, &u->uring, 0) : -ENOMEM;

	if (ret) {
		free(u);
		ring->submission = NULL;
		return ret;
	}
	ring->private = u;
	return 0;
}

/* Waits for a request and returns its result */
static int submit_uring_take(struct submit_uring *u)
{
	struct io_uring_cqe *cqe;
	int ret = io_uring_wait_cqe(&u->uring, &cqe);

	if (ret)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(&u->uring, cqe);
	u->flying--;
	return ret;
}

static int submit_uring_request(struct ring *ring, __u32 cmd_op,
				struct zpcifd_uring_enter enter)
{
	struct submit_uring *u = ring->private;
	struct io_uring_sqe *sqe = u->sqe ?: io_uring_get_sqe(&u->uring);
	int ret;

	if (!sqe)
		return -EPROTO;
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = ring->fd;
	sqe->cmd_op = cmd_op;
	memcpy(sqe->cmd, &enter, sizeof(enter));
	u->sqe = sqe;
	ret = io_uring_submit(&u->uring);
	if (ret != 1)
		return ret < 0 ? ret : -EPROTO;
	u->sqe = NULL;
	u->flying++;
	return 0;
}

static int submit_uring_start(struct ring *ring, unsigned long count)
{
	struct submit_uring *u = ring->private;
	int ret = u->flying < SUBMIT_REQUESTS ? 0 : submit_uring_take(u);

	if (ret < 0)
		return ret;
	return submit_uring_request(ring, ZPCIFD_RING_ENTER,
				    (struct zpcifd_uring_enter){ .count = count });
}

static int submit_uring_finish(struct ring *ring)
{
	struct submit_uring *u = ring->private;
	int ret, error = 0;

	while (u->flying) {
		ret = submit_uring_take(u);
		if (ret < 0 && !error)
			error = ret;
	}
	return error;
}

static int submit_uring_enter(struct ring *ring, unsigned long count)
{
	return submit_uring_start(ring, count) ?: submit_uring_take(ring->private);
}

static void submit_uring_close(struct ring *ring)
{
	struct submit_uring *u = ring->private;

	io_uring_queue_exit(&u->uring);
	free(u);
}

static const struct submission submit_uring = {
	.open = submit_uring_open,
	.start = submit_uring_start,
	.finish = submit_uring_finish,
	.enter = submit_uring_enter,
	.close = submit_uring_close,
};

/*
 * The three variants of a fixture, whose setup has to set ring_submission. Further
 * arguments are what else its variants have: members of their structure.
 */
#define SUBMISSION_VARIANTS(fixture_name, ...)						\
	struct _fixture_variant_##fixture_name {					\
		const struct submission *submission;					\
		__VA_ARGS__								\
	};										\
	FIXTURE_VARIANT_ADD(fixture_name, ENTER) { .submission = NULL };		\
	FIXTURE_VARIANT_ADD(fixture_name, SQPOLL) { .submission = &submit_sqpoll };	\
	FIXTURE_VARIANT_ADD(fixture_name, URING_CMD) { .submission = &submit_uring }

#endif /* SUBMIT_H */
