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
#include <linux/nospec.h>
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

static __always_inline void zpcifd_exec_complete(struct zpcifd_ring *ring,
						 const struct zpcifd_cqe *cqe)
{
	ring->cqes[ring->cq_tail & ring->cq_mask] = *cqe;
	WRITE_ONCE(ring->cq_tail, ring->cq_tail + 1);
	/* Pairs with user space's acquire: the entry comes before its count */
	smp_store_release(&ring->header->cq_tail, ring->cq_tail);
}

static bool zpcifd_exec_interrupted(struct zpcifd_ring *ring)
{
	return READ_ONCE(ring->stop) || fatal_signal_pending(current);
}

/*
 * Condition code 2: the instruction did nothing and may be issued again. Do so
 * for a bounded time, then leave the decision to user space.
 */
static noinline int zpcifd_exec_busy(struct zpcifd_ring *ring,
				     struct zpcifd_insn *insn, u32 *retries)
{
	struct zpcifd_insn again = *insn;
	u64 end = ktime_get_ns() + ZPCIFD_BUSY_NSEC;
	int ret;

	do {
		cpu_relax();
		*insn = again;
		ret = ring->ops->issue(ring->zd, insn);
		++*retries;
	} while (!ret && insn->cc == 2 && ktime_get_ns() < end &&
		 !zpcifd_exec_interrupted(ring));
	return ret;
}

/* Everything but an instruction that worked at once */
static noinline int zpcifd_exec_failed(struct zpcifd_ring *ring,
				       const struct zpcifd_sqe *sqe,
				       struct zpcifd_insn *insn,
				       struct zpcifd_cqe *cqe, int ret)
{
	if (!ret && insn->cc == 2 && !(sqe->flags & ZPCIFD_SQE_BUSY_RETURN))
		ret = zpcifd_exec_busy(ring, insn, &cqe->retries);

	ring->stats.retries += cqe->retries;
	cqe->flags = ZPCIFD_CQE_ISSUED;
	if (ret) {
		ring->stats.pgm_checks++;
		cqe->flags |= ZPCIFD_CQE_PGM_CHECK;
		return ret;
	}
	cqe->cc = insn->cc;
	cqe->status = insn->status;
	ring->stats.cc[insn->cc & 3]++;
	switch (insn->cc) {
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

static noinline void zpcifd_exec_refused(struct zpcifd_ring *ring,
					 const struct zpcifd_sqe *sqe,
					 struct zpcifd_cqe *cqe)
{
	ring->stats.refused++;
	if (cqe->res == -EACCES &&
	    zpcifd_policy_guards_msix(ring->policy, sqe, &cqe->msix_entry))
		cqe->flags = ZPCIFD_CQE_MSIX;
}

/* Runs one descriptor; returns the res of its completion */
static __always_inline int zpcifd_exec_one(struct zpcifd_ring *ring,
					   const struct zpcifd_sqe *sqe)
{
	struct zpcifd_cqe cqe = { .user_data = sqe->user_data };
	struct zpcifd_insn insn;
	int ret;

	cqe.res = zpcifd_policy_check(ring->policy, sqe, ring->data_len);
	if (unlikely(ring->windows) && !cqe.res)
		cqe.res = zpcifd_policy_check_windows(ring->windows,
						      ring->nr_windows, sqe);
	if (unlikely(cqe.res)) {
		zpcifd_exec_refused(ring, sqe, &cqe);
		zpcifd_exec_complete(ring, &cqe);
		return cqe.res;
	}

	insn.opcode = sqe->opcode;
	insn.as = sqe->as;
	insn.len = sqe->len;
	insn.offset = sqe->offset;
	if (sqe->opcode == ZPCIFD_OP_PCISTB)
		insn.block = ring->data +
			     array_index_nospec(sqe->payload, ring->data_len);
	else
		insn.data = sqe->data;

	ring->stats.insns[sqe->opcode]++;
	ret = ring->ops->issue(ring->zd, &insn);
	if (likely(!ret && !insn.cc)) {
		cqe.status = insn.status;
		cqe.flags = ZPCIFD_CQE_ISSUED;
	} else {
		cqe.res = zpcifd_exec_failed(ring, sqe, &insn, &cqe, ret);
	}

	if (unlikely(cqe.res)) {
		zpcifd_exec_complete(ring, &cqe);
		return cqe.res;
	}
	ring->stats.bytes += sqe->len;
	if (!(sqe->flags & ZPCIFD_SQE_SKIP_SUCCESS)) {
		if (sqe->opcode == ZPCIFD_OP_PCILG)
			cqe.data = insn.data;
		zpcifd_exec_complete(ring, &cqe);
	}
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
	u32 head = ring->sq_head, taken = 0, avail, cq_end, n;
	struct zpcifd_sqe sqe;

	lockdep_assert_held(&ring->lock);

	/* Pairs with user space's release: entries come before their count */
	avail = smp_load_acquire(&ring->header->sq_tail) - head;
	if (avail > ring->sq_mask + 1)
		return -EINVAL;
	avail = min(avail, count);

	/* Pairs with user space's release: entries it still reads stay */
	cq_end = smp_load_acquire(&ring->header->cq_head) + ring->cq_mask + 1;
	if (cq_end - ring->cq_tail > ring->cq_mask + 1)
		return -EINVAL;

	if (unlikely(ring->canceling))
		taken = zpcifd_exec_cancel_rest(ring, head, avail, cq_end);

	while (taken < avail && ring->cq_tail != cq_end) {
		zpcifd_exec_snapshot(&sqe, &ring->sqes[(head + taken) & ring->sq_mask]);
		if (unlikely(sqe.flags & ZPCIFD_SQE_LINK)) {
			n = zpcifd_exec_chain(ring, &sqe, head + taken,
					      avail - taken, cq_end);
			if (!n)
				break;
			taken += n;
		} else {
			zpcifd_exec_one(ring, &sqe);
			taken++;
		}
		if (!(taken % ZPCIFD_PAUSE) || unlikely(sqe.flags & ZPCIFD_SQE_LINK)) {
			if (zpcifd_exec_interrupted(ring))
				break;
			cond_resched();
		}
	}

	WRITE_ONCE(ring->sq_head, head + taken);
	/* Pairs with user space's acquire: entries were read before it refills */
	smp_store_release(&ring->header->sq_head, ring->sq_head);

	if (!taken && fatal_signal_pending(current))
		return -EINTR;
	return taken;
}
EXPORT_SYMBOL_IF_KUNIT(zpcifd_exec);

static void zpcifd_exec_notify(struct zpcifd_ring *ring)
{
	if (ring->eventfd)
		eventfd_signal(ring->eventfd);
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
	ret = likely(ring->ops) ? zpcifd_exec(ring, count) : -ENODEV;
	mutex_unlock(&ring->lock);

	if (ret > 0)
		zpcifd_exec_notify(ring);
	return ret;
}
