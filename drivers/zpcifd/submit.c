// SPDX-License-Identifier: GPL-2.0-only
/*
 * Submissions: the ways into a ring, and the short way that most descriptors
 * take from there to the provider. What is not plain goes on to exec.c.
 *
 * All of the ring's memory belongs to user space, which may write to it at any
 * time. So an entry is read once, into a snapshot, and of the header only
 * sq_tail and cq_head are read, once for a submission. Only a payload is
 * handed to the instruction where it lies: whatever it holds at that moment is
 * stored.
 *
 * What this costs is in Documentation/userspace-api/zpcifd-performance.rst.
 */
#include <kunit/visibility.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "zpcifd_private.h"

/* Descriptors that an io_uring runs in the submitter itself */
#define ZPCIFD_URING_INLINE 256

/**
 * union zpcifd_run - A descriptor that runs
 * @sqe: Its snapshot
 * @loaded: What its PCILG loaded, else 0
 * @head: Its fields from opcode to len, as one number
 * @completion: How its completion begins
 * @completion.user_data: See struct zpcifd_cqe
 * @completion.data: See struct zpcifd_cqe
 */
union zpcifd_run {
	struct {
		struct zpcifd_sqe sqe;
		u64 loaded;
	};
	struct {
		u64 head;
		/* private: */
		u64 __between[2];
		/* public: */
		struct zpcifd_run_completion {
			u64 user_data;
			u64 data;
		} completion;
	};
};

static_assert(offsetofend(struct zpcifd_sqe, len) == sizeof(u64));
static_assert(offsetof(union zpcifd_run, completion.user_data) ==
	      offsetof(union zpcifd_run, sqe.user_data));
static_assert(offsetof(union zpcifd_run, completion.data) ==
	      offsetof(union zpcifd_run, loaded));
static_assert(offsetofend(struct zpcifd_cqe, data) ==
	      sizeof(struct zpcifd_run_completion));

/*
 * Where a field is in the number that begins a descriptor, opcode to len, or in
 * the one that goes on in a completion, res to flags
 */
#ifdef __BIG_ENDIAN
#define ZPCIFD_SHIFT(_type, _first, _member) \
	(64 + 8 * (offsetof(struct _type, _first) - \
		   offsetofend(struct _type, _member)))
#else
#define ZPCIFD_SHIFT(_type, _first, _member) \
	(8 * (offsetof(struct _type, _member) - offsetof(struct _type, _first)))
#endif
#define ZPCIFD_HEAD_SHIFT(_member) ZPCIFD_SHIFT(zpcifd_sqe, opcode, _member)
#define ZPCIFD_HEAD_BITS(_member, _bits) ((u64)(_bits) << ZPCIFD_HEAD_SHIFT(_member))
#define ZPCIFD_TAIL_BITS(_member, _bits) \
	((u64)(_bits) << ZPCIFD_SHIFT(zpcifd_cqe, res, _member))

/* With one of these set, a descriptor is wrong, or it takes the long way */
#define ZPCIFD_HEAD_SLOW						\
	(ZPCIFD_HEAD_BITS(opcode, (u8)~3) |				\
	 ZPCIFD_HEAD_BITS(flags, (u8)~(ZPCIFD_SQE_BUSY_RETURN |		\
				       ZPCIFD_SQE_SKIP_SUCCESS)) |	\
	 ZPCIFD_HEAD_BITS(as, (u8)~(ZPCIFD_NR_AS - 1)) |		\
	 ZPCIFD_HEAD_BITS(__reserved, (u8)~0))

/* Does a PCISTB obey the rules of the instruction, and is its payload there? */
static __always_inline bool zpcifd_submit_is_block(const struct zpcifd_ring *ring, u32 len,
						   u64 offset, u64 payload)
{
	if (unlikely(payload >= ring->data_len))
		return false;
	/* All are multiples of a length that is a power of two: inside a page each */
	if (likely(!((u32)(offset | payload | len) & (len - 1)) &&
		   len & ring->block_lens))
		return true;
	return len > ring->min_block && len <= ring->maxstbl &&
	       !((u32)(offset | len | payload) & ring->align_mask) &&
	       (offset & (ZPCIFD_STORE_PAGE - 1)) + len <= ZPCIFD_STORE_PAGE &&
	       (payload & (ZPCIFD_STORE_PAGE - 1)) + len <= ZPCIFD_STORE_PAGE;
}

/* &ring->fast[as], with the multiplication done by the shift */
static __always_inline const struct zpcifd_fast_range *
zpcifd_submit_range(const struct zpcifd_ring *ring, u64 head)
{
	const unsigned int order = ilog2(sizeof(struct zpcifd_fast_range));
	const u64 mask = (u64)(ZPCIFD_NR_AS - 1) << order;

	static_assert(sizeof(struct zpcifd_fast_range) == 16);
	return (const void *)ring + offsetof(struct zpcifd_ring, fast) +
	       (head >> (ZPCIFD_HEAD_SHIFT(as) - order) & mask);
}

/*
 * Issues the instruction of a descriptor that obeys all rules at first sight:
 * not linked, and inside its address space's fast range, where nothing is left
 * to check but the instruction's own rules. Returns what the provider did, or
 * %ZPCIFD_NOT_PLAIN.
 */
static __always_inline long zpcifd_submit_issue(struct zpcifd_ring *ring,
						union zpcifd_run *run)
{
	u64 head = run->head, offset = run->sqe.offset;
	u8 opcode = head >> ZPCIFD_HEAD_SHIFT(opcode);
	u8 as = head >> ZPCIFD_HEAD_SHIFT(as) & (ZPCIFD_NR_AS - 1);
	u32 len = head >> ZPCIFD_HEAD_SHIFT(len);
	const struct zpcifd_fast_range *range;

	if (unlikely(head & ZPCIFD_HEAD_SLOW))
		return ZPCIFD_NOT_PLAIN;
	range = zpcifd_submit_range(ring, head);
	if (unlikely(offset - range->start >= range->len))
		return ZPCIFD_NOT_PLAIN;

	/*
	 * No instruction crosses a multiple of 4096, and the range begins and
	 * ends at one, so what begins inside it ends inside it.
	 */
	if (likely(opcode == ZPCIFD_OP_PCILG)) {
		if (unlikely(!len || len + (offset & 7) > 8))
			return ZPCIFD_NOT_PLAIN;
		ring->stats.insns[ZPCIFD_OP_PCILG]++;
		return ring->ops.pcilg(ring->zd, &run->loaded, zpcifd_req(as, len),
				       offset);
	}

	if (opcode == ZPCIFD_OP_PCISTB) {
		if (unlikely(!zpcifd_submit_is_block(ring, len, offset, run->sqe.payload)))
			return ZPCIFD_NOT_PLAIN;
		ring->stats.insns[ZPCIFD_OP_PCISTB]++;
		return ring->ops.pcistb(ring->zd,
					ring->data + array_index_nospec(run->sqe.payload,
									ring->data_len),
					zpcifd_req(as, len), offset);
	}

	if (unlikely(!opcode || !len || len + (offset & 7) > 8))
		return ZPCIFD_NOT_PLAIN;
	ring->stats.insns[ZPCIFD_OP_PCISTG]++;
	return ring->ops.pcistg(ring->zd, run->sqe.data, zpcifd_req(as, len), offset);
}

/* Completes a descriptor whose instruction worked; returns the new cq_tail */
static __always_inline u32 zpcifd_submit_complete(struct zpcifd_ring *ring,
						  struct zpcifd_ring_header *header,
						  const union zpcifd_run *run,
						  u32 cq_tail, long ret)
{
	struct zpcifd_cqe *cqe = &ring->cqes[cq_tail & ring->cq_mask];

	if (unlikely(run->sqe.flags & ZPCIFD_SQE_SKIP_SUCCESS))
		return cq_tail;
	*(struct zpcifd_run_completion *)cqe = run->completion;
	/* Written as one: res and cc are 0 */
	*(u64 *)&cqe->res = ZPCIFD_TAIL_BITS(status, zpcifd_result_status(ret)) |
			    ZPCIFD_TAIL_BITS(flags, ZPCIFD_CQE_ISSUED);
	/* So are these */
	*(u64 *)&cqe->retries = 0;
	/* Pairs with user space's acquire: the entry comes before its count */
	smp_store_release(&header->cq_tail, ++cq_tail);
	return cq_tail;
}

static __always_inline void zpcifd_submit_advance(struct zpcifd_ring *ring,
						  struct zpcifd_ring_header *header,
						  u32 sq_head)
{
	WRITE_ONCE(ring->sq_head, sq_head);
	/* Pairs with user space's acquire: entries were read before it refills */
	smp_store_release(&header->sq_head, sq_head);
}

/* What a submission returns that has taken @n descriptors */
static int zpcifd_submit_taken(u32 n)
{
	return unlikely(!n) && fatal_signal_pending(current) ? -EINTR : n;
}

/* Between two descriptors, now and then: returns whether to stop there */
static noinline bool zpcifd_submit_pause(struct zpcifd_ring *ring)
{
	if (zpcifd_exec_interrupted(ring))
		return true;
	cond_resched();
	return false;
}

/*
 * Runs up to @count descriptors. @sq_tail and @cq_head are what user space
 * wrote, and not checked yet. Returns as zpcifd_submit_locked().
 */
static noinline int zpcifd_submit_batch(struct zpcifd_ring *ring, unsigned long count,
					u32 sq_tail, u32 cq_head)
{
	u32 pos = ring->sq_head, avail = sq_tail - pos, end, cq_tail, cq_end, n;
	struct zpcifd_ring_header *header = ring->header;
	u64 bytes = 0;

	/* Set before poll() tells the end, so that who was told gets no 0 here */
	if (unlikely(zpcifd_ring_stops(ring)))
		return -ENODEV;
	cq_end = cq_head + ring->cq_mask + 1;
	if (unlikely(count > INT_MAX || avail > ring->sq_mask + 1 ||
		     cq_end - ring->cq_tail > ring->cq_mask + 1))
		return -EINVAL;
	end = pos + min_t(unsigned long, avail, count);

	if (unlikely(test_bit(ZPCIFD_RING_CANCELS, &ring->state)))
		pos += zpcifd_exec_cancel_rest(ring, pos, end - pos, cq_end);

	cq_tail = ring->cq_tail;
	/* A descriptor takes one completion at most */
	while ((n = min3(end - pos, cq_end - cq_tail, ZPCIFD_PAUSE))) {
		u32 stop = pos + n;

		do {
			union zpcifd_run run = {
				.sqe = zpcifd_ring_snapshot(ring, pos),
				.loaded = 0,
			};
			long ret = zpcifd_submit_issue(ring, &run);

			if (unlikely(!zpcifd_result_worked(ret))) {
				ring->cq_tail = cq_tail;
				n = zpcifd_exec(ring, &run.sqe, ret, pos, end - pos, cq_end);
				cq_tail = ring->cq_tail;
				pos += n;
				break;
			}
			bytes += run.sqe.len;
			cq_tail = zpcifd_submit_complete(ring, header, &run, cq_tail, ret);
			pos++;
		} while (pos != stop);

		if (!n || pos == end || zpcifd_submit_pause(ring))
			break;
	}

	WRITE_ONCE(ring->cq_tail, cq_tail);
	ring->stats.bytes += bytes;
	count = pos - ring->sq_head;
	zpcifd_submit_advance(ring, header, pos);

	return zpcifd_submit_taken(count);
}

/* What zpcifd_submit_single() did not bring to its end */
static noinline int zpcifd_submit_single_slow(struct zpcifd_ring *ring,
					      const struct zpcifd_sqe *sqe,
					      long ret, u32 cq_head)
{
	u32 n = zpcifd_exec(ring, sqe, ret, ring->sq_head, 1, cq_head + ring->cq_mask + 1);

	zpcifd_submit_advance(ring, ring->header, ring->sq_head + n);
	return zpcifd_submit_taken(n);
}

/* Runs the one descriptor that is there, with room for its completion */
static __always_inline int zpcifd_submit_single(struct zpcifd_ring *ring,
						struct zpcifd_ring_header *header,
						u32 cq_tail, u32 cq_head)
{
	union zpcifd_run run = {
		.sqe = zpcifd_ring_snapshot(ring, ring->sq_head),
		.loaded = 0,
	};
	u32 next = ring->sq_head + 1;
	long ret = zpcifd_submit_issue(ring, &run);

	if (unlikely(!zpcifd_result_worked(ret)))
		return zpcifd_submit_single_slow(ring, &run.sqe, ret, cq_head);
	ring->stats.bytes += run.sqe.len;
	WRITE_ONCE(ring->cq_tail, zpcifd_submit_complete(ring, header, &run, cq_tail, ret));
	zpcifd_submit_advance(ring, header, next);
	return 1;
}

static __always_inline int __zpcifd_submit_locked(struct zpcifd_ring *ring, unsigned long count)
{
	struct zpcifd_ring_header *header = ring->header;
	u32 cq_tail = ring->cq_tail, sq_tail, cq_head;

	lockdep_assert_held(&ring->lock);

	/* Pairs with user space's release: entries come before their count */
	sq_tail = smp_load_acquire(&header->sq_tail);
	/* Pairs with user space's release: entries it still reads stay */
	cq_head = smp_load_acquire(&header->cq_head);

	if (likely(count == 1 && sq_tail == ring->sq_head + 1 &&
		   cq_tail - cq_head <= ring->cq_mask && !READ_ONCE(ring->state)))
		return zpcifd_submit_single(ring, header, cq_tail, cq_head);
	return zpcifd_submit_batch(ring, count, sq_tail, cq_head);
}

/**
 * zpcifd_submit_locked - Run descriptors of a ring's submission queue
 * @ring: The ring
 * @count: How many at most
 *
 * Context: process context, the ring's lock held; sleeps. Takes at most
 * %ZPCIFD_BUSY_NSEC for an instruction that stays busy, and stops between two
 * descriptors when the ring is to be disconnected or a fatal signal is pending.
 *
 * Return: how many descriptors were taken, or a negative errno with nothing
 * taken: see ZPCIFD_RING_ENTER.
 */
int zpcifd_submit_locked(struct zpcifd_ring *ring, unsigned long count)
{
	return __zpcifd_submit_locked(ring, count);
}
EXPORT_SYMBOL_IF_KUNIT(zpcifd_submit_locked);

/* Lets go of the lock. Returns @ret, what zpcifd_submit_locked() returned */
static __always_inline int zpcifd_submit_end(struct zpcifd_ring *ring, int ret)
{
	mutex_unlock(&ring->lock);
	/* Pairs with poll_wait(): it looks at cq_tail after it has queued */
	if (likely(ret > 0) && unlikely(wq_has_sleeper(&ring->poll_wait)))
		wake_up_interruptible_poll(&ring->poll_wait,
					   EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM);
	return ret;
}

/**
 * zpcifd_submit - Run descriptors and tell who waits for completions
 * @ring: The ring
 * @count: How many descriptors at most
 * @nonblock: Do not wait for another submission on the same ring
 *
 * Context: process context, sleeps
 *
 * Return: as zpcifd_submit_locked(); -EINTR on a fatal signal; -EAGAIN if it
 * would have to wait
 */
int zpcifd_submit(struct zpcifd_ring *ring, unsigned long count, bool nonblock)
{
	int ret;

	if (nonblock) {
		if (!mutex_trylock(&ring->lock))
			return -EAGAIN;
	} else {
		ret = mutex_lock_killable(&ring->lock);
		if (ret)
			return ret;
	}
	return zpcifd_submit_end(ring, zpcifd_submit_locked(ring, count));
}

/* The thread does the work */
static noinline int zpcifd_submit_wake(struct zpcifd_ring *ring, unsigned long count)
{
	if (count > INT_MAX)
		return -EINVAL;
	wake_up(&ring->sq_wait);
	return zpcifd_ring_stops(ring) ? -ENODEV : 0;
}

/**
 * zpcifd_submit_ioctl - The ioctls of a ring
 * @file: The ring's file
 * @cmd: %ZPCIFD_RING_ENTER, there is no other
 * @count: How many descriptors at most
 *
 * Does what zpcifd_submit() does, with nothing between the system call and the
 * provider.
 *
 * Return: see ZPCIFD_RING_ENTER
 */
long zpcifd_submit_ioctl(struct file *file, unsigned int cmd, unsigned long count)
{
	struct zpcifd_ring *ring = file->private_data;
	int ret;

	if (unlikely(cmd != ZPCIFD_RING_ENTER))
		return -ENOTTY;
	if (unlikely(ring->sq_idle))
		return zpcifd_submit_wake(ring, count);
	ret = mutex_lock_killable(&ring->lock);
	if (unlikely(ret))
		return ret;
	return zpcifd_submit_end(ring, __zpcifd_submit_locked(ring, count));
}

/**
 * zpcifd_submit_uring_cmd - IORING_OP_URING_CMD on a ring
 * @ioucmd: The command, with a struct zpcifd_uring_enter
 * @issue_flags: From io_uring
 *
 * Return: see struct zpcifd_uring_enter; -EAGAIN: io_uring calls again from a
 * worker
 */
int zpcifd_submit_uring_cmd(struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	struct zpcifd_ring *ring = ioucmd->file->private_data;
	const struct zpcifd_uring_enter *cmd =
		io_uring_sqe_cmd(ioucmd->sqe, struct zpcifd_uring_enter);
	bool nonblock = issue_flags & IO_URING_F_NONBLOCK;
	u32 count = READ_ONCE(cmd->count);

	if (ioucmd->cmd_op != ZPCIFD_RING_ENTER)
		return -ENOTTY;
	if (READ_ONCE(cmd->__reserved))
		return -EINVAL;
	if (ring->sq_idle)
		return zpcifd_submit_wake(ring, count);
	/* A long batch goes to a worker, not to hold up the submitter */
	if (nonblock && count > ZPCIFD_URING_INLINE)
		return -EAGAIN;
	return zpcifd_submit(ring, count, nonblock);
}
