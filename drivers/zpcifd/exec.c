// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running descriptors that take more than one look: by the whole policy, in
 * chains, after a condition code or a program check. submit.c hands them over,
 * each with the snapshot that it has read.
 */
#include <linux/ktime.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>

#include "zpcifd_private.h"

static void zpcifd_exec_complete(struct zpcifd_ring *ring,
				 const struct zpcifd_cqe *cqe)
{
	u32 cq_tail = ring->cq_tail;

	ring->cqes[cq_tail & ring->cq_mask] = *cqe;
	WRITE_ONCE(ring->cq_tail, cq_tail + 1);
	/* Pairs with user space's acquire: the entry comes before its count */
	smp_store_release(&ring->header->cq_tail, cq_tail + 1);
}

/**
 * zpcifd_exec_interrupted - Is whoever runs descriptors to stop?
 * @ring: The ring
 *
 * Return: whether it is
 */
bool zpcifd_exec_interrupted(const struct zpcifd_ring *ring)
{
	return zpcifd_ring_stops(ring) || fatal_signal_pending(current);
}

/* Issues one instruction; @data is what PCILG loads, PCISTG stores, or a payload */
static long zpcifd_exec_issue(struct zpcifd_ring *ring, u8 opcode, u64 req, u64 offset,
			      u64 *data)
{
	switch (opcode) {
	case ZPCIFD_OP_PCILG:
		return ring->ops.pcilg(ring->zd, data, req, offset);
	case ZPCIFD_OP_PCISTG:
		return ring->ops.pcistg(ring->zd, *data, req, offset);
	default:
		return ring->ops.pcistb(ring->zd,
					ring->data + array_index_nospec(*data, ring->data_len),
					req, offset);
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
	u64 end;
	long ret;

	/* A chain has no other place for it, and may be busy all along */
	cond_resched();
	end = ktime_get_ns() + ZPCIFD_BUSY_NSEC;
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
	if (sqe->flags & ZPCIFD_SQE_SKIP_SUCCESS)
		return 0;
	cqe.flags = ZPCIFD_CQE_ISSUED;
	cqe.status = zpcifd_result_status(ret);
	if (sqe->opcode == ZPCIFD_OP_PCILG)
		cqe.data = data;
	zpcifd_exec_complete(ring, &cqe);
	return 0;
}

static void zpcifd_exec_cancel(struct zpcifd_ring *ring,
			       const struct zpcifd_sqe *sqe, int res)
{
	struct zpcifd_cqe cqe = { .user_data = sqe->user_data, .res = res };

	ring->stats.refused++;
	zpcifd_exec_complete(ring, &cqe);
}

/**
 * zpcifd_exec_cancel_rest - Cancel what is left of a chain
 * @ring: The ring, whose chain was refused for its length
 * @pos: Where the descriptors begin that are there
 * @avail: How many they are
 * @cq_end: Where the room for completions ends
 *
 * Return: how many it took
 */
u32 zpcifd_exec_cancel_rest(struct zpcifd_ring *ring, u32 pos, u32 avail, u32 cq_end)
{
	struct zpcifd_sqe sqe;
	u32 n = 0;

	while (test_bit(ZPCIFD_RING_CANCELS, &ring->state) && n < avail &&
	       ring->cq_tail != cq_end) {
		sqe = zpcifd_ring_snapshot(ring, pos + n++);
		zpcifd_exec_cancel(ring, &sqe, -ECANCELED);
		if (!(sqe.flags & ZPCIFD_SQE_LINK))
			clear_bit(ZPCIFD_RING_CANCELS, &ring->state);
	}
	return n;
}

/*
 * Waits until no other chain runs on the function. Chains of many rings may be
 * before this one, so neither a fatal signal nor the ring's end waits for them.
 * Returns whether the chain may run.
 */
static bool zpcifd_exec_lock_chains(struct zpcifd_ring *ring)
{
	if (mutex_lock_killable(&ring->zd->chain_lock))
		return false;
	if (!zpcifd_exec_interrupted(ring))
		return true;
	mutex_unlock(&ring->zd->chain_lock);
	return false;
}

/*
 * Runs the chain that starts at @head with the descriptor @first, of the
 * @avail descriptors there. The whole chain is read first: it starts only when
 * the completion queue has room for all of it, so that nothing cuts it short.
 * Returns how many descriptors it took, 0 if there is no room or the submission
 * is to stop here.
 */
static u32 zpcifd_exec_chain(struct zpcifd_ring *ring,
			     const struct zpcifd_sqe *first, u32 head,
			     u32 avail, u32 cq_end)
{
	u32 n = 1, i = 0;
	int res = 0;

	ring->chain[0] = *first;
	while (ring->chain[n - 1].flags & ZPCIFD_SQE_LINK && n < avail &&
	       n < ZPCIFD_MAX_CHAIN) {
		ring->chain[n] = zpcifd_ring_snapshot(ring, head + n);
		n++;
	}

	if (n > cq_end - ring->cq_tail)
		return 0;

	if (!zpcifd_exec_lock_chains(ring))
		return 0;

	/* A submission that ends in the middle ends the chain as well */
	if (n < avail && ring->chain[n - 1].flags & ZPCIFD_SQE_LINK) {
		res = -E2BIG;
		zpcifd_exec_cancel(ring, &ring->chain[i++], res);
		set_bit(ZPCIFD_RING_CANCELS, &ring->state);
	}

	for (; i < n; i++) {
		if (res)
			zpcifd_exec_cancel(ring, &ring->chain[i], -ECANCELED);
		else
			res = zpcifd_exec_one(ring, &ring->chain[i]);
	}
	mutex_unlock(&ring->zd->chain_lock);
	return n + zpcifd_exec_cancel_rest(ring, head + n, avail - n, cq_end);
}

/**
 * zpcifd_exec - Bring a descriptor to its end that is not plain, or did not work
 * @ring: The ring
 * @sqe: The descriptor's snapshot
 * @ret: What the provider returned, or %ZPCIFD_NOT_PLAIN
 * @pos: Where the descriptor is in the submission queue
 * @avail: How many descriptors are there, this one included
 * @cq_end: Where the room for completions ends; there is some
 *
 * Return: how many descriptors it took: all of a chain, or 0 if there is no
 * room for it
 */
u32 zpcifd_exec(struct zpcifd_ring *ring, const struct zpcifd_sqe *sqe, long ret,
		u32 pos, u32 avail, u32 cq_end)
{
	if (ret == ZPCIFD_NOT_PLAIN && sqe->flags & ZPCIFD_SQE_LINK)
		return zpcifd_exec_chain(ring, sqe, pos, avail, cq_end);
	if (ret == ZPCIFD_NOT_PLAIN)
		zpcifd_exec_one(ring, sqe);
	else
		zpcifd_exec_failed(ring, sqe, ret);
	return 1;
}
