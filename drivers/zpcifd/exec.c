// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running descriptors: one descriptor, one instruction, in ring order.
 *
 * All of the ring's memory belongs to user space, which may write to it at any
 * time. So an entry's fields are read once each, into a snapshot, and of the
 * header only sq_tail and cq_head are read, once for a submission. Only a
 * payload is handed to the instruction where it lies: whatever it holds at
 * that moment is stored.
 */
#include <kunit/visibility.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>

#include "zpcifd_private.h"

static __always_inline void zpcifd_exec_snapshot(struct zpcifd_sqe *to,
						 const struct zpcifd_sqe *from)
{
	to->opcode = READ_ONCE(from->opcode);
	to->flags = READ_ONCE(from->flags);
	to->as = READ_ONCE(from->as);
	to->__reserved = READ_ONCE(from->__reserved);
	to->len = READ_ONCE(from->len);
	to->offset = READ_ONCE(from->offset);
	to->data = READ_ONCE(from->data);
	to->user_data = READ_ONCE(from->user_data);
}

static void zpcifd_exec_complete(struct zpcifd_ring *ring,
				 const struct zpcifd_cqe *cqe)
{
	u32 cq_tail = ring->cq_tail;

	ring->cqes[cq_tail & ring->cq_mask] = *cqe;
	WRITE_ONCE(ring->cq_tail, cq_tail + 1);
	/* Pairs with user space's acquire: the entry comes before its count */
	smp_store_release(&ring->header->cq_tail, cq_tail + 1);
}

static bool zpcifd_exec_interrupted(struct zpcifd_ring *ring)
{
	return READ_ONCE(ring->stop) || fatal_signal_pending(current);
}

/* Between two descriptors, now and then: returns whether to stop there */
static noinline bool zpcifd_exec_pause(struct zpcifd_ring *ring)
{
	if (zpcifd_exec_interrupted(ring))
		return true;
	cond_resched();
	return false;
}

/*
 * A payload's offset was checked, and needs no masking against speculation: it
 * becomes the operand of one instruction that stores to the function, and
 * nothing is addressed by what is read there.
 *
 * Issues one instruction; @data is what PCILG loads, PCISTG stores, or a payload.
 */
static __always_inline long zpcifd_exec_issue(struct zpcifd_ring *ring, u8 opcode,
					      u64 req, u64 offset, u64 *data)
{
	switch (opcode) {
	case ZPCIFD_OP_PCILG:
		return ring->ops.pcilg(ring->zd, data, req, offset);
	case ZPCIFD_OP_PCISTG:
		return ring->ops.pcistg(ring->zd, *data, req, offset);
	default:
		return ring->ops.pcistb(ring->zd, ring->data + *data, req, offset);
	}
}

/*
 * Condition code 2: the instruction did nothing and may be issued again. Do so
 * for a bounded time, then leave the decision to user space.
 */
static long zpcifd_exec_busy(struct zpcifd_ring *ring,
			     const struct zpcifd_sqe *sqe, u64 *data,
			     u32 *retries)
{
	u64 end = ktime_get_ns() + ZPCIFD_BUSY_NSEC;
	long ret;

	do {
		cpu_relax();
		*data = sqe->data;
		ret = zpcifd_exec_issue(ring, sqe->opcode,
					zpcifd_req(sqe->as, sqe->len),
					sqe->offset, data);
		++*retries;
	} while (ret >= 0 && zpcifd_result_cc(ret) == 2 && ktime_get_ns() < end &&
		 !zpcifd_exec_interrupted(ring));
	return ret;
}

static int zpcifd_exec_cc_to_res(u8 cc)
{
	switch (cc) {
	case 0:
		return 0;
	case 1:
		return -EIO;
	case 2:
		return -EBUSY;
	default:
		return -ENODEV;
	}
}

/*
 * Completes a descriptor whose instruction was issued and did not work at once.
 * @ret is what the provider returned. Returns the res of the completion.
 */
static int zpcifd_exec_failed(struct zpcifd_ring *ring,
			      const struct zpcifd_sqe *sqe, long ret)
{
	struct zpcifd_cqe cqe = {
		.user_data = sqe->user_data,
		.flags = ZPCIFD_CQE_ISSUED,
	};
	u64 data = 0;

	if (ret >= 0 && zpcifd_result_cc(ret) == 2 &&
	    !(sqe->flags & ZPCIFD_SQE_BUSY_RETURN))
		ret = zpcifd_exec_busy(ring, sqe, &data, &cqe.retries);
	ring->stats.retries += cqe.retries;

	if (ret < 0) {
		ring->stats.pgm_checks++;
		cqe.flags |= ZPCIFD_CQE_PGM_CHECK;
		cqe.res = ret;
	} else {
		cqe.cc = zpcifd_result_cc(ret);
		cqe.status = zpcifd_result_status(ret);
		cqe.res = zpcifd_exec_cc_to_res(cqe.cc);
		ring->stats.cc[cqe.cc]++;
	}
	if (!cqe.res) {
		ring->stats.bytes += sqe->len;
		if (sqe->flags & ZPCIFD_SQE_SKIP_SUCCESS)
			return 0;
		if (sqe->opcode == ZPCIFD_OP_PCILG)
			cqe.data = data;
	}
	zpcifd_exec_complete(ring, &cqe);
	return cqe.res;
}

/*
 * Where fields are in a completion's third number, res to flags
 */
#ifdef __BIG_ENDIAN
#define ZPCIFD_TAIL_SHIFT(_member) \
	(64 + 8 * (offsetof(struct zpcifd_cqe, res) - \
		   offsetofend(struct zpcifd_cqe, _member)))
#else
#define ZPCIFD_TAIL_SHIFT(_member) \
	(8 * (offsetof(struct zpcifd_cqe, _member) - \
	      offsetof(struct zpcifd_cqe, res)))
#endif
#define ZPCIFD_TAIL_BITS(_member, _bits) \
	((u64)(_bits) << ZPCIFD_TAIL_SHIFT(_member))

static __always_inline void zpcifd_exec_worked(struct zpcifd_ring *ring,
					       u32 cq_tail, u64 user_data,
					       u64 data, long ret)
{
	struct zpcifd_cqe *cqe = &ring->cqes[cq_tail & ring->cq_mask];

	cqe->user_data = user_data;
	cqe->data = data;
	/* Written as one: res and cc are 0 */
	*(u64 *)&cqe->res = ZPCIFD_TAIL_BITS(status, zpcifd_result_status(ret)) |
			    ZPCIFD_TAIL_BITS(flags, ZPCIFD_CQE_ISSUED);
	cqe->retries = 0;
	cqe->msix_entry = 0;
	/* Pairs with user space's acquire: the entry comes before its count */
	smp_store_release(&ring->header->cq_tail, cq_tail + 1);
}

/* Runs one descriptor; returns the res of its completion */
static int zpcifd_exec_one(struct zpcifd_ring *ring,
			   const struct zpcifd_sqe *sqe)
{
	struct zpcifd_cqe cqe = { .user_data = sqe->user_data };
	u64 data = sqe->data;
	long ret;

	cqe.res = zpcifd_policy_check(ring->policy, sqe, ring->data_len);
	if (!cqe.res && ring->windows)
		cqe.res = zpcifd_policy_check_windows(ring->windows,
						      ring->nr_windows, sqe);
	if (cqe.res) {
		ring->stats.refused++;
		if (cqe.res == -EACCES &&
		    zpcifd_policy_guards_msix(ring->policy, sqe, &cqe.msix_entry))
			cqe.flags = ZPCIFD_CQE_MSIX;
		zpcifd_exec_complete(ring, &cqe);
		return cqe.res;
	}

	ring->stats.insns[sqe->opcode]++;
	ret = zpcifd_exec_issue(ring, sqe->opcode, zpcifd_req(sqe->as, sqe->len),
				sqe->offset, &data);
	if (!zpcifd_result_worked(ret))
		return zpcifd_exec_failed(ring, sqe, ret);
	ring->stats.bytes += sqe->len;
	if (!(sqe->flags & ZPCIFD_SQE_SKIP_SUCCESS))
		zpcifd_exec_worked(ring, ring->cq_tail++, sqe->user_data,
				   sqe->opcode == ZPCIFD_OP_PCILG ? data : 0, ret);
	return 0;
}

static void zpcifd_exec_cancel(struct zpcifd_ring *ring,
			       const struct zpcifd_sqe *sqe, int res)
{
	struct zpcifd_cqe cqe = { .user_data = sqe->user_data, .res = res };

	ring->stats.refused++;
	zpcifd_exec_complete(ring, &cqe);
}

/*
 * Cancels what is left of a chain that was refused for its length, up to
 * @avail descriptors. Returns how many it took.
 */
static noinline u32 zpcifd_exec_cancel_rest(struct zpcifd_ring *ring, u32 head,
					    u32 avail, u32 cq_end)
{
	struct zpcifd_sqe sqe;
	u32 n = 0;

	while (ring->canceling && n < avail && ring->cq_tail != cq_end) {
		zpcifd_exec_snapshot(&sqe, &ring->sqes[(head + n++) & ring->sq_mask]);
		zpcifd_exec_cancel(ring, &sqe, -ECANCELED);
		ring->canceling = sqe.flags & ZPCIFD_SQE_LINK;
	}
	return n;
}

/*
 * Runs the chain that starts at @head with the descriptor @first, of the
 * @avail descriptors there. The whole chain is read first: it starts only when
 * the completion queue has room for all of it, so that nothing cuts it short.
 * Returns how many descriptors it took, 0 if there is no room.
 */
static noinline u32 zpcifd_exec_chain(struct zpcifd_ring *ring,
				      const struct zpcifd_sqe *first, u32 head,
				      u32 avail, u32 cq_end)
{
	u32 n = 1, i = 0;
	int res = 0;

	ring->chain[0] = *first;
	while (ring->chain[n - 1].flags & ZPCIFD_SQE_LINK && n < avail &&
	       n < ZPCIFD_MAX_CHAIN) {
		zpcifd_exec_snapshot(&ring->chain[n],
				     &ring->sqes[(head + n) & ring->sq_mask]);
		n++;
	}

	if (n > cq_end - ring->cq_tail)
		return 0;

	/* A submission that ends in the middle ends the chain as well */
	if (n < avail && ring->chain[n - 1].flags & ZPCIFD_SQE_LINK) {
		res = -E2BIG;
		zpcifd_exec_cancel(ring, &ring->chain[i++], res);
		ring->canceling = true;
	}

	scoped_guard(mutex, &ring->zd->chain_lock) {
		for (; i < n; i++) {
			if (res)
				zpcifd_exec_cancel(ring, &ring->chain[i], -ECANCELED);
			else
				res = zpcifd_exec_one(ring, &ring->chain[i]);
		}
	}
	return n + zpcifd_exec_cancel_rest(ring, head + n, avail - n, cq_end);
}

/*
 * On the hot path a descriptor is four numbers in registers. The first one is
 * opcode to len; these say where its fields are.
 */
#ifdef __BIG_ENDIAN
#define ZPCIFD_HEAD_SHIFT(_member) \
	(64 - 8 * offsetofend(struct zpcifd_sqe, _member))
#else
#define ZPCIFD_HEAD_SHIFT(_member) (8 * offsetof(struct zpcifd_sqe, _member))
#endif
#define ZPCIFD_HEAD_BITS(_member, _bits) \
	((u64)(_bits) << ZPCIFD_HEAD_SHIFT(_member))
static_assert(offsetofend(struct zpcifd_sqe, len) == sizeof(u64));

/* With one of these set, a descriptor is wrong, or it takes the long way */
#define ZPCIFD_HEAD_SLOW						\
	(ZPCIFD_HEAD_BITS(opcode, (u8)~3) |				\
	 ZPCIFD_HEAD_BITS(flags, (u8)~(ZPCIFD_SQE_BUSY_RETURN |		\
				       ZPCIFD_SQE_SKIP_SUCCESS)) |	\
	 ZPCIFD_HEAD_BITS(as, (u8)~(ZPCIFD_NR_AS - 1)) |		\
	 ZPCIFD_HEAD_BITS(__reserved, (u8)~0))

/**
 * struct zpcifd_entry - Snapshot of a descriptor
 * @head: &struct zpcifd_sqe.opcode to &struct zpcifd_sqe.len
 * @offset: See struct zpcifd_sqe
 * @data: See struct zpcifd_sqe
 * @user_data: See struct zpcifd_sqe
 */
struct zpcifd_entry {
	u64 head;
	u64 offset;
	u64 data;
	u64 user_data;
};

static_assert(sizeof(struct zpcifd_entry) == sizeof(struct zpcifd_sqe));

/* &ring->fast[as], with the multiplication done by the shift */
static __always_inline const struct zpcifd_fast_range *
zpcifd_exec_range(const struct zpcifd_ring *ring, u64 head)
{
	const unsigned int order = ilog2(sizeof(struct zpcifd_fast_range));
	const u64 mask = (u64)(ZPCIFD_NR_AS - 1) << order;

	static_assert(sizeof(struct zpcifd_fast_range) == 16);
	return (const void *)ring + offsetof(struct zpcifd_ring, fast) +
	       (head >> (ZPCIFD_HEAD_SHIFT(as) - order) & mask);
}

/* What zpcifd_exec_fast() returns when it has issued nothing */
#define ZPCIFD_NOT_PLAIN LONG_MIN

/*
 * Issues the instruction of a descriptor that obeys all rules at first sight:
 * not linked, and inside its address space's fast range, where nothing is left
 * to check but the instruction's own rules. Returns what the provider did.
 */
static __always_inline long zpcifd_exec_fast(struct zpcifd_ring *ring,
					     struct zpcifd_entry e, u64 *loaded)
{
	const struct zpcifd_fast_range *range;
	u8 opcode = e.head >> ZPCIFD_HEAD_SHIFT(opcode);
	u8 as = e.head >> ZPCIFD_HEAD_SHIFT(as) & (ZPCIFD_NR_AS - 1);
	u32 len = e.head >> ZPCIFD_HEAD_SHIFT(len);

	if (unlikely(e.head & ZPCIFD_HEAD_SLOW))
		return ZPCIFD_NOT_PLAIN;
	range = zpcifd_exec_range(ring, e.head);
	if (unlikely(e.offset - range->start >= range->len))
		return ZPCIFD_NOT_PLAIN;

	/*
	 * No instruction crosses a multiple of 4096, and the range begins and
	 * ends at one, so what begins inside it ends inside it.
	 */
	if (opcode == ZPCIFD_OP_PCILG) {
		if (unlikely(!len || len + (e.offset & 7) > 8))
			return ZPCIFD_NOT_PLAIN;
		ring->stats.insns[ZPCIFD_OP_PCILG]++;
		return ring->ops.pcilg(ring->zd, loaded, zpcifd_req(as, len), e.offset);
	}

	*loaded = 0;
	if (opcode != ZPCIFD_OP_PCISTB) {
		if (unlikely(!opcode || !len || len + (e.offset & 7) > 8))
			return ZPCIFD_NOT_PLAIN;
		ring->stats.insns[ZPCIFD_OP_PCISTG]++;
		return ring->ops.pcistg(ring->zd, e.data, zpcifd_req(as, len), e.offset);
	}

	if (unlikely(len <= ring->min_block || len > ring->maxstbl ||
		     (u32)(e.offset | len | e.data) & ring->align_mask ||
		     (e.offset & (ZPCIFD_STORE_PAGE - 1)) + len > ZPCIFD_STORE_PAGE ||
		     (e.data & (ZPCIFD_STORE_PAGE - 1)) + len > ZPCIFD_STORE_PAGE ||
		     e.data >= ring->data_len))
		return ZPCIFD_NOT_PLAIN;
	ring->stats.insns[ZPCIFD_OP_PCISTB]++;
	return ring->ops.pcistb(ring->zd, ring->data + e.data, zpcifd_req(as, len),
			   e.offset);
}

/*
 * What zpcifd_exec_fast() did not bring to its end: @ret is what it returned.
 * Returns how many descriptors it took, 0 if there is no room.
 */
static noinline u32 zpcifd_exec_slow(struct zpcifd_ring *ring,
				     struct zpcifd_entry e, long ret, u32 pos,
				     u32 avail, u32 cq_end)
{
	struct zpcifd_sqe sqe = {
		.opcode = e.head >> ZPCIFD_HEAD_SHIFT(opcode),
		.flags = e.head >> ZPCIFD_HEAD_SHIFT(flags),
		.as = e.head >> ZPCIFD_HEAD_SHIFT(as),
		.__reserved = e.head >> ZPCIFD_HEAD_SHIFT(__reserved),
		.len = e.head >> ZPCIFD_HEAD_SHIFT(len),
		.offset = e.offset,
		.data = e.data,
		.user_data = e.user_data,
	};

	if (ret == ZPCIFD_NOT_PLAIN && sqe.flags & ZPCIFD_SQE_LINK)
		return zpcifd_exec_chain(ring, &sqe, pos, avail, cq_end);
	if (ret == ZPCIFD_NOT_PLAIN)
		zpcifd_exec_one(ring, &sqe);
	else
		zpcifd_exec_failed(ring, &sqe, ret);
	return 1;
}

static __always_inline int __zpcifd_exec(struct zpcifd_ring *ring, u32 count)
{
	u32 pos = ring->sq_head, avail, end, cq_tail, cq_end, n;
	u64 bytes = 0;

	lockdep_assert_held(&ring->lock);

	/* Pairs with user space's release: entries come before their count */
	avail = smp_load_acquire(&ring->header->sq_tail) - pos;
	if (unlikely(avail > ring->sq_mask + 1))
		return -EINVAL;
	end = pos + min(avail, count);

	/* Pairs with user space's release: entries it still reads stay */
	cq_end = smp_load_acquire(&ring->header->cq_head) + ring->cq_mask + 1;
	if (unlikely(cq_end - ring->cq_tail > ring->cq_mask + 1))
		return -EINVAL;

	if (unlikely(ring->canceling))
		pos += zpcifd_exec_cancel_rest(ring, pos, end - pos, cq_end);

	cq_tail = ring->cq_tail;
	/* A descriptor takes one completion at most */
	while ((n = min3(end - pos, cq_end - cq_tail, ZPCIFD_PAUSE))) {
		u32 stop = pos + n;

		do {
			const struct zpcifd_sqe *sqe = &ring->sqes[pos & ring->sq_mask];
			struct zpcifd_entry e = {
				.head = READ_ONCE(*(const u64 *)sqe),
				.offset = READ_ONCE(sqe->offset),
				.data = READ_ONCE(sqe->data),
				.user_data = READ_ONCE(sqe->user_data),
			};
			u64 loaded;
			long ret = zpcifd_exec_fast(ring, e, &loaded);

			if (unlikely(!zpcifd_result_worked(ret))) {
				ring->cq_tail = cq_tail;
				n = zpcifd_exec_slow(ring, e, ret, pos, end - pos,
						     cq_end);
				cq_tail = ring->cq_tail;
				pos += n;
				break;
			}
			bytes += (u32)(e.head >> ZPCIFD_HEAD_SHIFT(len));
			if (!(e.head & ZPCIFD_HEAD_BITS(flags, ZPCIFD_SQE_SKIP_SUCCESS)))
				zpcifd_exec_worked(ring, cq_tail++, e.user_data,
						   loaded, ret);
			pos++;
		} while (pos != stop);

		if (!n || pos == end || zpcifd_exec_pause(ring))
			break;
	}

	WRITE_ONCE(ring->cq_tail, cq_tail);
	ring->stats.bytes += bytes;
	count = pos - ring->sq_head;
	WRITE_ONCE(ring->sq_head, pos);
	/* Pairs with user space's acquire: entries were read before it refills */
	smp_store_release(&ring->header->sq_head, pos);

	if (unlikely(!count) && fatal_signal_pending(current))
		return -EINTR;
	return count;
}

/**
 * zpcifd_exec - Run descriptors of a ring's submission queue
 * @ring: The ring, not disconnected
 * @count: How many at most
 *
 * Context: process context, the ring's lock held; sleeps. Takes at most
 * %ZPCIFD_BUSY_NSEC for an instruction that stays busy, and stops between two
 * descriptors when the ring is to be disconnected or a fatal signal is pending.
 *
 * Return: how many descriptors were taken, or a negative errno with nothing
 * taken: see ZPCIFD_RING_ENTER.
 */
int zpcifd_exec(struct zpcifd_ring *ring, u32 count)
{
	return __zpcifd_exec(ring, count);
}
EXPORT_SYMBOL_IF_KUNIT(zpcifd_exec);

static void zpcifd_exec_notify(struct zpcifd_ring *ring)
{
	/* Pairs with poll_wait(): it looks at cq_tail after it has queued */
	if (wq_has_sleeper(&ring->poll_wait))
		wake_up_interruptible_poll(&ring->poll_wait,
					   EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM);
}

/**
 * zpcifd_exec_submit - Run descriptors and tell who waits for completions
 * @ring: The ring
 * @count: How many descriptors at most
 * @nonblock: Do not wait for another submission on the same ring
 *
 * Context: process context, sleeps
 *
 * Return: as zpcifd_exec(); -ENODEV when the ring is disconnected; -EINTR on a
 * fatal signal; -EAGAIN if it would have to wait
 */
int zpcifd_exec_submit(struct zpcifd_ring *ring, u32 count, bool nonblock)
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
	/* Set before poll() tells the end, so that who was told gets no 0 here */
	ret = likely(!READ_ONCE(ring->stop)) ? __zpcifd_exec(ring, count) : -ENODEV;
	mutex_unlock(&ring->lock);

	if (ret > 0)
		zpcifd_exec_notify(ring);
	return ret;
}
