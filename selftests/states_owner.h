/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Brings an owner and its function to a state. Whatever a thread does there, it
 * goes on until the function is taken from it, and must be told ENODEV then.
 */
#ifndef STATES_OWNER_H
#define STATES_OWNER_H

#include <sys/wait.h>

#include "states_irq.h"
#include "submit.h"

#define ENTRIES 1024

/* Milliseconds that an instruction takes which is slow, see fault_delay */
#define SLOW_INSN "10"

/* A fault of a simulated function; a physical one cannot be told to have one */
static int owner_fault(struct owner *o, const char *fault, const char *value)
{
	char path[512];

	if (!o->sim[0])
		return owner_step(o, "a physical function does not stay so on demand", -EOPNOTSUPP);
	snprintf(path, sizeof(path), SIM_CONFIGFS "/%s/%s", o->sim, fault);
	return owner_step(o, fault, file_write(path, value));
}

static void await_sleep(const struct worker *w)
{
	char path[64], text[256], *end;
	pid_t tid;

	while (!(tid = __atomic_load_n(&w->tid, __ATOMIC_ACQUIRE)))
		sched_yield();
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	do {
		sched_yield();
		end = file_read(path, text, sizeof(text)) ? NULL : strrchr(text, ')');
	} while (!end || end[2] != 'S');
}

static int owner_make_ring(struct owner *o, struct zpcifd_ring_create layout)
{
	int ret;

	layout.size = sizeof(layout);
	layout.sq_entries = ENTRIES;
	layout.data_len = TEST_PAGE;
	ret = call(o->f.fd, ZPCIFD_RING_CREATE, &layout);
	o->r.layout = layout;
	o->r.fd = ret ? -1 : layout.out_fd;
	return owner_step(o, "make a ring", ret);
}

static int owner_open_ring(struct owner *o, __u32 flags)
{
	return owner_make_ring(o, (struct zpcifd_ring_create){ .flags = flags }) ?:
	       owner_step(o, "map the ring", ring_map(&o->r));
}

static void push_all(struct ring *r, struct zpcifd_sqe sqe, unsigned int chain)
{
	__u32 i;

	for (i = 0; r->header->sq_tail - r->header->sq_head < ENTRIES; i++)
		ring_push(r, sqe_flags(sqe, chain && (i + 1) % chain ? ZPCIFD_SQE_LINK : 0));
}

/* Takes all completions, each of which must tell of success or of why not */
static int pop_all(struct owner *o)
{
	struct zpcifd_cqe cqe;

	while (ring_pop(&o->r, &cqe))
		if (cqe.res && cqe.res != -ENODEV && cqe.res != -ECANCELED &&
		    cqe.res != o->allowed)
			return owner_step(o, "completion", cqe.res);
	return 0;
}

static int submit_by(struct worker *w, struct zpcifd_sqe sqe, unsigned int chain,
		     int (*enter)(struct ring *r, unsigned long count))
{
	struct owner *o = w->o;
	int ret, bad;

	do {
		push_all(&o->r, sqe, chain);
		/* The first round is a short one, to tell that it works */
		ret = enter(&o->r, w->rounds ? ENTRIES : chain ?: 1);
		__atomic_add_fetch(&w->rounds, 1, __ATOMIC_RELEASE);
		bad = pop_all(o);
		if (bad)
			return bad;
	} while (ret >= 0);
	return ret == -ENODEV ? 0 : owner_step(o, "submit", ret);
}

static int run_batches(struct worker *w)
{
	return submit_by(w, sqe_id(), 0, ring_enter);
}

static int run_chains(struct worker *w)
{
	return submit_by(w, sqe_id(), 64, ring_enter);
}

static int run_by_uring(struct worker *w)
{
	return submit_by(w, sqe_id(), 0, submit_uring.enter);
}

/* Each instruction raises an interrupt */
static int ring_doorbells(struct worker *w)
{
	return submit_by(w, sqe_store(0, 8, 4, 0), 0, ring_enter);
}

/* Keeps the kernel's thread at work */
static int feed(struct worker *w)
{
	struct owner *o = w->o;
	int ret, bad;

	do {
		push_all(&o->r, sqe_id(), 0);
		bad = pop_all(o);
		if (bad)
			return bad;
		ret = ring_enter(&o->r, 0);
		w->rounds += o->r.header->cq_head != 0;
		sched_yield();
	} while (!ret);
	return ret == -ENODEV ? 0 : owner_step(o, "wake the thread", ret);
}

static int wait_for_completions(struct worker *w)
{
	struct pollfd pfd = { .fd = w->o->r.fd, .events = POLLIN };

	if (poll(&pfd, 1, -1) != 1)
		return owner_step(w->o, "poll", -errno);
	return owner_step(w->o, "poll", pfd.revents & POLLHUP ? 0 : -EPROTO);
}

/* By the file that may be closed meanwhile */
static int reset_again(struct worker *w)
{
	struct zpcifd_reset reset = { .size = sizeof(reset) };
	int fd = w->o->f.fd, ret;

	do {
		ret = call(fd, ZPCIFD_RESET, &reset);
		/* It is gone, but still has its owner */
		if (ret == -EIO && w->rounds)
			ret = 0;
		__atomic_add_fetch(&w->rounds, 1, __ATOMIC_RELEASE);
	} while (!ret);
	return ret == -ENODEV || ret == -EBADF ? 0 : owner_step(w->o, "reset", ret);
}

static int enter_open(struct owner *o)
{
	return owner_step(o, "info", function_info(o->f.fd, &o->f.info));
}

static int enter_bound(struct owner *o)
{
	return owner_step(o, "bind", function_bind(&o->f));
}

/* A simulated function pins what it is told to, a physical one all that is mapped */
static int pin(struct owner *o)
{
	const struct zpcifd_sqe sqes[] = {
		sqe_store(0, 0x18, 8, STATES_IOVA), sqe_store(0, 0x20, 4, STATES_PINNED),
		sqe_store(0, 0x24, 4, 2), sqe_load(0, 0x2c, 4),
	};
	struct zpcifd_cqe cqe = {};
	unsigned int i;
	int ret;

	ret = owner_open_ring(o, 0);
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_LEN(sqes); i++)
		ring_push(&o->r, sqes[i]);
	ret = ring_enter(&o->r, ARRAY_LEN(sqes));
	if (ret == ARRAY_LEN(sqes))
		ret = 0;
	while (!ret && ring_pop(&o->r, &cqe))
		ret = cqe.res;
	if (!ret && cqe.data != STATES_PINNED)
		ret = -EPROTO;
	ring_close(&o->r);
	return owner_step(o, "let the function keep memory", ret);
}

static int enter_attached(struct owner *o)
{
	return enter_bound(o) ?: owner_step(o, "attach", function_attach(&o->f, o->f.ioas)) ?:
	       (o->sim[0] ? pin(o) : 0);
}

static int enter_detached(struct owner *o)
{
	return enter_attached(o) ?: owner_step(o, "detach", function_detach(&o->f));
}

static int enter_ring(struct owner *o)
{
	return enter_attached(o) ?: owner_make_ring(o, (struct zpcifd_ring_create){});
}

/* With descriptors that nobody submits */
static int enter_mapped(struct owner *o)
{
	int ret = enter_attached(o) ?: owner_open_ring(o, 0);

	if (!ret)
		push_all(&o->r, sqe_id(), 0);
	return ret;
}

static int enter_working(struct owner *o, __u32 flags, int (*work)(struct worker *w))
{
	return enter_attached(o) ?: owner_open_ring(o, flags) ?: owner_start(o, work) ?:
	       owner_await_rounds(o, 2);
}

static int enter_batch(struct owner *o)
{
	return enter_working(o, 0, run_batches);
}

static int enter_chain(struct owner *o)
{
	return enter_working(o, 0, run_chains);
}

static int enter_slow(struct owner *o)
{
	return enter_attached(o) ?: owner_open_ring(o, 0) ?:
	       owner_fault(o, "fault_delay", SLOW_INSN) ?: owner_start(o, run_batches) ?:
	       owner_await_rounds(o, 1);
}

static int enter_busy(struct owner *o)
{
	o->allowed = -EBUSY;
	return enter_attached(o) ?: owner_open_ring(o, 0) ?:
	       owner_fault(o, "fault_busy", "forever") ?: owner_start(o, run_batches) ?:
	       owner_await_rounds(o, 1);
}

static int enter_polled(struct owner *o)
{
	return enter_working(o, ZPCIFD_RING_SQPOLL, feed);
}

static int enter_polled_idle(struct owner *o)
{
	int ret = enter_attached(o) ?: owner_open_ring(o, ZPCIFD_RING_SQPOLL);

	if (ret)
		return ret;
	ring_push(&o->r, sqe_id());
	do {
		ret = ring_enter(&o->r, 0);
		sched_yield();
	} while (!ret && (!ring_ready(&o->r) ||
			  !(__atomic_load_n(&o->r.header->flags, __ATOMIC_ACQUIRE) &
			    ZPCIFD_RING_NEED_WAKEUP)));
	return owner_step(o, "wake the thread", ret) ?: pop_all(o);
}

static int enter_uring(struct owner *o)
{
	return enter_attached(o) ?: owner_open_ring(o, 0) ?:
	       owner_step(o, "make an io_uring", submit_uring.open(&o->r)) ?:
	       owner_start(o, run_by_uring) ?: owner_await_rounds(o, 2);
}

static int enter_waiting(struct owner *o)
{
	int ret = enter_attached(o) ?: owner_open_ring(o, 0) ?:
		  owner_start(o, wait_for_completions);

	if (!ret)
		await_sleep(&o->workers[0]);
	return ret;
}

static int owner_wire(struct owner *o)
{
	const struct zpcifd_info *info = &o->f.info;
	struct zpcifd_irq_set irq = {
		.size = sizeof(irq),
		.type = info->out_msix_vectors ? ZPCIFD_IRQ_MSIX : ZPCIFD_IRQ_MSI,
		.count = info->out_msix_vectors ?: info->out_msi_vectors,
		.eventfds = (uintptr_t)o->eventfds,
	};
	__u32 i;

	if (!irq.count)
		return owner_step(o, "the function has no interrupts", -EOPNOTSUPP);
	if (irq.count > STATES_MAX_VECTORS)
		irq.count = STATES_MAX_VECTORS;
	for (i = 0; i < irq.count; i++) {
		o->eventfds[i] = eventfd(0, EFD_CLOEXEC);
		if (o->eventfds[i] < 0)
			return owner_step(o, "eventfd", -errno);
	}
	return owner_step(o, "wire the vectors", call(o->f.fd, ZPCIFD_IRQ_SET, &irq));
}

static int enter_wired(struct owner *o)
{
	return enter_attached(o) ?: owner_wire(o);
}

static int enter_interrupted(struct owner *o)
{
	eventfd_t count;
	int ret;

	if (!o->sim[0])
		return owner_interrupt(o);
	ret = enter_wired(o) ?: owner_open_ring(o, 0) ?: owner_start(o, ring_doorbells);
	if (!ret && eventfd_read(o->eventfds[0], &count))
		ret = owner_step(o, "read the eventfd", -errno);
	return ret;
}

/* Uses the ring alone, and tells how that ended */
static void be_given_a_ring(struct owner *o, int ready)
{
	struct worker w = { .o = o };
	struct report report = {};
	ssize_t len = 0;
	int ret;

	/* Or the function would keep its owner */
	close(o->f.fd);
	o->f.fd = -1;
	push_all(&o->r, sqe_id(), 0);
	ret = ring_enter(&o->r, 1) == 1 ? 0 : -EPROTO;
	if (write(ready, &ret, sizeof(ret)) == sizeof(ret))
		report.ret = ret ?: run_batches(&w);
	memcpy(report.what, o->what, sizeof(report.what));
	if (o->told >= 0)
		len = write(o->told, &report, sizeof(report));
	_exit(report.ret || len < 0);
}

static int wait_for_child(struct worker *w)
{
	int status;

	if (wait(&status) < 0)
		return owner_step(w->o, "wait for the other process", -errno);
	return owner_step(w->o, "the other process", status ? -EPROTO : 0);
}

static int enter_narrowed(struct owner *o)
{
	struct zpcifd_ring_window window = {
		.len = 64, .as = ZPCIFD_AS_CONFIG, .opcodes = 1 << ZPCIFD_OP_PCILG,
	};
	struct zpcifd_ring_create layout = {
		.nr_windows = 1, .windows = (uintptr_t)&window,
	};
	int ready[2], ret;
	pid_t child;

	ret = enter_attached(o) ?: owner_make_ring(o, layout) ?:
	      owner_step(o, "map the ring", ring_map(&o->r)) ?:
	      owner_step(o, "pipe", pipe(ready));
	if (ret)
		return ret;
	child = fork();
	if (!child)
		be_given_a_ring(o, ready[1]);
	close(ready[1]);
	if (child < 0 || read(ready[0], &ret, sizeof(ret)) != sizeof(ret))
		ret = -EPROTO;
	close(ready[0]);
	return owner_step(o, "give the ring to another process", ret) ?:
	       owner_start(o, wait_for_child);
}

static int enter_reset(struct owner *o)
{
	struct zpcifd_reset reset = { .size = sizeof(reset) };

	return enter_wired(o) ?: owner_open_ring(o, 0) ?:
	       owner_step(o, "reset", call(o->f.fd, ZPCIFD_RESET, &reset));
}

/* Instructions that are issued during a reset may fail */
static int enter_resetting(struct owner *o)
{
	o->allowed = -EIO;
	return enter_working(o, 0, run_batches) ?: owner_start(o, reset_again) ?:
	       owner_await_rounds(o, 2);
}

static int enter_failed(struct owner *o, const char *how)
{
	o->allowed = -EIO;
	return enter_attached(o) ?: owner_open_ring(o, 0) ?: owner_wire(o) ?:
	       owner_fault(o, "fault_state", how) ?: owner_start(o, run_batches) ?:
	       owner_await_rounds(o, 2);
}

static int enter_error(struct owner *o)
{
	return enter_failed(o, "error");
}

static int enter_disabled(struct owner *o)
{
	return enter_failed(o, "disabled");
}

static int enter_all(struct owner *o)
{
	o->allowed = -EIO;
	return enter_wired(o) ?: owner_open_ring(o, ZPCIFD_RING_SQPOLL) ?:
	       owner_start(o, feed) ?: owner_await_rounds(o, 1) ?:
	       owner_start(o, reset_again) ?: owner_await_rounds(o, 2);
}

#define MASTER STATE_IS_MASTER
#define PINS (STATE_IS_MASTER | STATE_HAS_PINS)

static const struct state states[NR_STATES] = {
	[STATE_OPEN] = { "open", enter_open, STATE_HAS_NOTHING },
	[STATE_BOUND] = { "bound", enter_bound, STATE_HAS_NOTHING },
	[STATE_ATTACHED] = { "attached", enter_attached, PINS },
	[STATE_DETACHED] = { "detached", enter_detached, STATE_HAS_NOTHING },
	[STATE_RING] = { "ring", enter_ring, PINS },
	[STATE_MAPPED] = { "mapped", enter_mapped, PINS },
	[STATE_BATCH] = { "batch", enter_batch, PINS },
	[STATE_CHAIN] = { "chain", enter_chain, PINS },
	[STATE_SLOW] = { "slow", enter_slow, PINS },
	[STATE_BUSY] = { "busy", enter_busy, PINS },
	[STATE_POLLED] = { "polled", enter_polled, PINS | STATE_HAS_THREAD },
	[STATE_POLLED_IDLE] = { "polled-idle", enter_polled_idle, PINS | STATE_HAS_THREAD },
	[STATE_URING] = { "uring", enter_uring, PINS },
	[STATE_WAITING] = { "waiting", enter_waiting, PINS },
	[STATE_WIRED] = { "wired", enter_wired, PINS | STATE_HAS_VECTORS },
	[STATE_INTERRUPTED] = { "interrupted", enter_interrupted, PINS | STATE_HAS_VECTORS },
	[STATE_NARROWED] = { "narrowed", enter_narrowed, PINS | STATE_OUTLIVES },
	[STATE_RESET] = { "reset", enter_reset, MASTER | STATE_HAS_VECTORS },
	[STATE_RESETTING] = { "resetting", enter_resetting, 0 },
	[STATE_ERROR] = { "error", enter_error, PINS | STATE_HAS_VECTORS },
	[STATE_DISABLED] = { "disabled", enter_disabled, PINS | STATE_HAS_VECTORS },
	[STATE_LOOKED_AT] = { "looked-at", enter_batch, PINS | STATE_IS_LOOKED_AT },
	[STATE_ALL] = { "all", enter_all, STATE_HAS_THREAD | STATE_IS_LOOKED_AT },
};

/* The owner has the function open, and nothing else of it */
static int owner_enter(struct owner *o, const struct state *state)
{
	o->r.fd = -1;
	/* Of a physical function it stays "" */
	if (is_simulated(&o->f) &&
	    owner_step(o, "look for the function in configfs",
		       sim_directory(&o->f, o->sim, sizeof(o->sim))))
		return -ENOENT;
	return owner_step(o, state->name, state->enter(o));
}

/* Waits for the threads, then tries the ring, which must have ended for good */
static int owner_end(struct owner *o)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < o->nr_workers; i++) {
		pthread_join(o->workers[i].thread, NULL);
		ret = ret ?: o->workers[i].ret;
	}
	if (!ret && o->r.fd >= 0)
		ret = call(o->r.fd, ZPCIFD_RING_ENTER, (void *)1UL) == -ENODEV ? 0 : -EPROTO;
	return owner_step(o, "the ring after its end", ret);
}

/* Closes its file, and nothing else that it has of the function */
static int owner_close(struct owner *o)
{
	int fd = o->f.fd;

	if (o->disk)
		owner_close_disk(o);
	o->f.fd = -1;
	close(fd);
	return owner_end(o);
}

/* The function went by itself */
static int owner_gone(struct owner *o)
{
	int ret = owner_end(o);

	if (!ret && function_info(o->f.fd, &o->f.info) != -ENODEV)
		ret = owner_step(o, "the file after the function's end", -EPROTO);
	return ret;
}

#endif /* STATES_OWNER_H */
