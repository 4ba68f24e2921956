/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The states that an owner can leave a function in: states_owner.h brings a
 * process and its function to one of them, states.c ends that and looks from
 * outside at what is left.
 */
#ifndef STATES_H
#define STATES_H

#include <pthread.h>
#include <sched.h>

#include "sim_log.h"
#include "../tools/examples/virtio/virtio.h"

/* What user space lends to the function */
#define STATES_IOVA 0x100000000ULL
#define STATES_PINNED (16 * TEST_PAGE)

#define STATES_MAX_VECTORS 64
#define STATES_MAX_WORKERS 4

enum state_id {
	STATE_OPEN,
	STATE_BOUND,
	STATE_ATTACHED,
	STATE_DETACHED,
	STATE_RING,
	STATE_MAPPED,
	STATE_BATCH,
	STATE_CHAIN,
	STATE_SLOW,
	STATE_BUSY,
	STATE_POLLED,
	STATE_POLLED_IDLE,
	STATE_URING,
	STATE_WAITING,
	STATE_WIRED,
	STATE_INTERRUPTED,
	STATE_NARROWED,
	STATE_RESET,
	STATE_RESETTING,
	STATE_ERROR,
	STATE_DISABLED,
	STATE_LOOKED_AT,
	STATE_ALL,
	NR_STATES,
};

/**
 * enum state_flags - What is to be seen of a state from outside
 * @STATE_IS_MASTER: The function masters the bus
 * @STATE_HAS_PINS: The memory is pinned for the function
 * @STATE_HAS_NOTHING: Neither of the two, although the function has its owner
 * @STATE_HAS_VECTORS: The function's interrupts are on
 * @STATE_HAS_THREAD: The kernel has a thread for the ring
 * @STATE_OUTLIVES: A process that uses the ring is left when the owner goes
 * @STATE_IS_LOOKED_AT: Somebody reads config space all the time
 */
enum state_flags {
	STATE_IS_MASTER = 1 << 0,
	STATE_HAS_PINS = 1 << 1,
	STATE_HAS_NOTHING = 1 << 2,
	STATE_HAS_VECTORS = 1 << 3,
	STATE_HAS_THREAD = 1 << 4,
	STATE_OUTLIVES = 1 << 5,
	STATE_IS_LOOKED_AT = 1 << 6,
};

struct owner;
struct states_disk;

/**
 * struct state - A state
 * @name: One word for it
 * @enter: Brings an owner with an open file to it: 0, -EOPNOTSUPP when the
 *	function cannot come to it, or another negative errno
 * @flags: Bits of enum state_flags
 */
struct state {
	const char *name;
	int (*enter)(struct owner *o);
	unsigned int flags;
};

/**
 * struct worker - A thread that uses the function until there is nothing to use
 * @work: What it does; returns 0 when it ended as it has to
 * @o: Its owner
 * @thread: The thread
 * @tid: Its number, set when it runs
 * @rounds: How often it did what it does
 * @ret: What @work returned
 */
struct worker {
	int (*work)(struct worker *w);
	struct owner *o;
	pthread_t thread;
	pid_t tid;
	long rounds;
	int ret;
};

/**
 * struct owner - A process that owns the function
 * @f: The function; its iommufd and IOAS are those of whoever lends memory
 * @sim: Its directory in configfs, "" for a physical function
 * @r: Its ring
 * @allowed: A res of completions that is right beside 0, ENODEV and ECANCELED
 * @eventfds: Of its vectors
 * @workers: Its threads
 * @nr_workers: Number of @workers
 * @told: Where a process that outlives it reports, -1 for nowhere
 * @disk: Its function as virtio's
 * @what: What went wrong
 */
struct owner {
	struct function f;
	char sim[256];
	struct ring r;
	int allowed;
	__s32 eventfds[STATES_MAX_VECTORS];
	struct worker workers[STATES_MAX_WORKERS];
	unsigned int nr_workers;
	int told;
	struct states_disk *disk;
	char what[160];
};

/**
 * struct report - How a process fared
 * @ret: 0, or a negative errno
 * @what: What failed
 */
struct report {
	int ret;
	char what[160];
};

static inline int owner_step(struct owner *o, const char *what, int ret)
{
	if (ret < 0 && !o->what[0])
		snprintf(o->what, sizeof(o->what), "%.150s", what);
	return ret < 0 ? ret : 0;
}

static void *owner_work(void *data)
{
	struct worker *w = data;

	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	w->ret = w->work(w);
	return NULL;
}

static inline int owner_start(struct owner *o, int (*work)(struct worker *w))
{
	struct worker *w = &o->workers[o->nr_workers];
	int ret;

	w->work = work;
	w->o = o;
	ret = -pthread_create(&w->thread, NULL, owner_work, w);
	o->nr_workers += !ret;
	return owner_step(o, "thread", ret);
}

/* Waits until the thread that was started last has come round this often */
static inline int owner_await_rounds(struct owner *o, long rounds)
{
	const struct worker *w = &o->workers[o->nr_workers - 1];

	while (__atomic_load_n(&w->rounds, __ATOMIC_ACQUIRE) < rounds)
		sched_yield();
	return 0;
}

#endif /* STATES_H */
