/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors at random, every one of them accounted for: it completes once, in
 * its turn, with its own user_data and a result that is allowed; or, if it worked
 * and has ZPCIFD_SQE_SKIP_SUCCESS, not at all.
 */
#ifndef BATCH_H
#define BATCH_H

#include "submit.h"

#define BATCH_ENTRIES 256
#define BATCH_DATA (2 * TEST_PAGE)

/* More than can be on their way, though many leave no completion behind */
#define BATCH_WINDOW 4096

/**
 * struct tally - What became of descriptors, as dev-get counts it
 * @submitted: Descriptors
 * @completed: Completions
 * @insns: Instructions issued by opcode
 * @bytes: Bytes of those that worked
 * @cc: Those that did not work, by condition code
 * @refused: Descriptors that were refused or canceled
 */
struct tally {
	__u64 submitted;
	__u64 completed;
	__u64 insns[ZPCIFD_OP_PCISTB + 1];
	__u64 bytes;
	__u64 cc[4];
	__u64 refused;
};

/**
 * struct expected - A descriptor on its way
 * @sqe: The descriptor
 * @res: What it completes with unless its chain fails before; 0: it is issued
 * @flags: Of the completion, when it is not issued
 * @msix_entry: Of the completion
 * @data: What a load of config space gives, ~0 when anything may come
 */
struct expected {
	struct zpcifd_sqe sqe;
	int res;
	__u16 flags;
	__u32 msix_entry;
	__u64 data;
};

/**
 * struct batch - A ring, and what is expected of it
 * @f: The function
 * @r: The ring
 * @t: Sum of what completed
 * @seed: For rand_r()
 * @id: Vendor and device ID
 * @pushed: Descriptors that were put into the queue, and so on
 * @done: Descriptors that are accounted for
 * @canceled: A descriptor of the current chain has failed
 * @window: Descriptors by their number
 */
struct batch {
	const struct function *f;
	struct ring r;
	struct tally *t;
	unsigned int seed;
	__u64 id;
	__u32 pushed;
	__u32 done;
	bool canceled;
	struct expected window[BATCH_WINDOW];
};

static inline unsigned int batch_rand(struct batch *b, unsigned int below)
{
	return rand_r(&b->seed) % below;
}

static inline struct expected issued(struct zpcifd_sqe sqe)
{
	return (struct expected){ .sqe = sqe, .data = ~0ULL };
}

static inline struct expected refused(struct zpcifd_sqe sqe, int error)
{
	return (struct expected){ .sqe = sqe, .res = -error };
}

static inline struct expected guarded(struct zpcifd_sqe sqe, __u32 entry)
{
	return (struct expected){
		.sqe = sqe, .res = -EACCES, .flags = ZPCIFD_CQE_MSIX, .msix_entry = entry,
	};
}

/* One that obeys all rules and does no harm, at random */
static inline struct expected batch_legal(struct batch *b)
{
	const __u8 bar = b->f->bar;
	const __u32 len = 1U << batch_rand(b, 4);
	const __u64 offset = TEST_SCRATCH + 8 * batch_rand(b, TEST_PAGE / 8);
	struct expected e;

	switch (batch_rand(b, 5)) {
	case 0:
		e = issued(sqe_id());
		e.data = b->id;
		return e;
	case 1:
		return issued(sqe_load(bar, offset, len));
	case 2:
		return issued(sqe_store(bar, offset, len, rand_r(&b->seed)));
	case 3:
		return issued(sqe_store(ZPCIFD_AS_CONFIG, 0x3c, 1, batch_rand(b, 256)));
	default:
		return issued(sqe_block(bar, TEST_SCRATCH + 128 * batch_rand(b, TEST_PAGE / 128),
					16 + 8 * batch_rand(b, 14),
					128 * batch_rand(b, BATCH_DATA / 128)));
	}
}

/* One that breaks a rule, for every errno that there is */
static inline struct expected batch_illegal(struct batch *b)
{
	const struct zpcifd_info *info = &b->f->info;
	const __u8 bar = b->f->bar;
	struct zpcifd_sqe sqe = sqe_id();

	switch (batch_rand(b, info->out_msix_vectors ? 12 : 10)) {
	case 0:
		return refused(sqe_refused(), EINVAL);
	case 1:
		sqe.flags = 0x80;
		return refused(sqe, EINVAL);
	case 2:
		sqe.__reserved = 1;
		return refused(sqe, EINVAL);
	case 3:
		return refused(sqe_load(bar, TEST_SCRATCH, 9), EINVAL);
	case 4:
		return refused(sqe_store(bar, TEST_SCRATCH + 1, 8, 0), EINVAL);
	case 5:
		return refused(sqe_block(bar, TEST_SCRATCH + TEST_PAGE - 16, 24, 0), EINVAL);
	case 6:
		return refused(sqe_block(bar, TEST_SCRATCH, 16, BATCH_DATA), EFAULT);
	case 7:
		return refused(sqe_load(bar, info->out_bar_size[bar], 8), ERANGE);
	case 8:
		return refused(sqe_load(ZPCIFD_AS_CONFIG, 4096, 4), ERANGE);
	case 9:
		/* Bus mastering is not the user's */
		return refused(sqe_store(ZPCIFD_AS_CONFIG, 4, 2, 0), EACCES);
	case 10:
		return guarded(sqe_load(info->out_msix_table_bar,
					info->out_msix_table_offset + 16, 4), 1);
	default:
		return guarded(sqe_load(info->out_msix_pba_bar, info->out_msix_pba_offset, 8),
			       ~0U);
	}
}

/* Puts a descriptor into the queue, which has room for it */
static inline void batch_push_one(struct batch *b, struct expected e, __u8 flags)
{
	static const __u8 more[] = {
		0, ZPCIFD_SQE_BUSY_RETURN, ZPCIFD_SQE_SKIP_SUCCESS,
		ZPCIFD_SQE_BUSY_RETURN | ZPCIFD_SQE_SKIP_SUCCESS,
	};

	e.sqe.flags |= flags | more[batch_rand(b, ARRAY_LEN(more))];
	/* Neither a number that could be there by chance, nor one that comes again */
	e.sqe.user_data = (b->pushed + 1) * 0x9e3779b97f4a7c15ULL;
	b->window[b->pushed++ % BATCH_WINDOW] = e;
	b->t->submitted++;
	ring_push(&b->r, e.sqe);
}

/*
 * Puts a descriptor or a chain into the queue. A chain that is too long is refused
 * as a whole. Returns whether there was room.
 */
static inline bool batch_push(struct batch *b)
{
	const __u32 head = __atomic_load_n(&b->r.header->sq_head, __ATOMIC_ACQUIRE);
	const __u32 room = BATCH_ENTRIES - (b->pushed - head);
	const __u32 max = b->f->info.out_max_chain;
	__u32 len = 1, i;

	if (!batch_rand(b, 4))
		len = 2 + batch_rand(b, 7);
	else if (!batch_rand(b, 256))
		len = max - 1 + batch_rand(b, 4);
	if (len > room || b->pushed - b->done + len > BATCH_WINDOW)
		return false;
	for (i = 0; i < len; i++) {
		struct expected e = batch_rand(b, 8) ? batch_legal(b) : batch_illegal(b);

		if (len > max) {
			e = refused(e.sqe, i ? ECANCELED : E2BIG);
			e.sqe.flags = 0;
		}
		batch_push_one(b, e, i + 1 < len ? ZPCIFD_SQE_LINK : 0);
	}
	return true;
}

/* Descriptors from the first that waits up to the end of the n-th chain from there */
static inline __u32 batch_chains(const struct batch *b, unsigned int n)
{
	const __u32 head = __atomic_load_n(&b->r.header->sq_head, __ATOMIC_ACQUIRE);
	__u32 pos = head;

	while (pos != b->pushed && n)
		n -= !(b->window[pos++ % BATCH_WINDOW].sqe.flags & ZPCIFD_SQE_LINK);
	return pos - head;
}

static inline void batch_next(struct batch *b, const struct expected *e, bool failed)
{
	b->canceled = (b->canceled || failed) && e->sqe.flags & ZPCIFD_SQE_LINK;
	b->done++;
}

static inline void batch_worked(struct batch *b, const struct expected *e)
{
	b->t->insns[e->sqe.opcode]++;
	b->t->bytes += e->sqe.len;
	batch_next(b, e, false);
}

static inline struct expected *batch_first(struct batch *b)
{
	return &b->window[b->done % BATCH_WINDOW];
}

/* It need not complete: it worked without a word */
static inline bool batch_may_skip(struct batch *b)
{
	return b->done != b->pushed && !b->canceled && !batch_first(b)->res &&
	       batch_first(b)->sqe.flags & ZPCIFD_SQE_SKIP_SUCCESS;
}

/*
 * What an issued instruction may complete with. While a function is reset, a
 * physical one may answer that it is in no state to do it, with condition code 1,
 * or that its handle is not valid, 3. The simulator does one thing at a time.
 */
static inline bool batch_answer_allowed(const struct batch *b, const struct expected *e,
					const struct zpcifd_cqe *cqe)
{
	if (cqe->flags != ZPCIFD_CQE_ISSUED || cqe->retries || cqe->msix_entry)
		return false;
	if (cqe->cc == 1 || cqe->cc == 3)
		return !is_simulated(b->f) && !cqe->data &&
		       cqe->res == (cqe->cc == 1 ? -EIO : -ENODEV);
	if (cqe->cc || cqe->res || e->sqe.flags & ZPCIFD_SQE_SKIP_SUCCESS)
		return false;
	if (e->sqe.opcode != ZPCIFD_OP_PCILG)
		return !cqe->data;
	return e->data == ~0ULL || cqe->data == e->data;
}

static inline void batch_account(struct __test_metadata *_metadata, struct batch *b,
				 const struct zpcifd_cqe *cqe)
{
	const struct expected *e;
	int res;

	while (batch_may_skip(b) && batch_first(b)->sqe.user_data != cqe->user_data)
		batch_worked(b, batch_first(b));
	e = batch_first(b);
	ASSERT_NE(b->pushed, b->done) {
		TH_LOG("a completion of no descriptor: %d", cqe->res);
	}
	ASSERT_EQ(e->sqe.user_data, cqe->user_data) {
		TH_LOG("descriptor %u has no completion", b->done);
	}
	b->t->completed++;
	res = b->canceled ? -ECANCELED : e->res;
	if (res) {
		ASSERT_EQ(res, cqe->res);
		ASSERT_EQ(b->canceled ? 0 : e->flags, cqe->flags);
		ASSERT_EQ(b->canceled ? 0 : e->msix_entry, cqe->msix_entry);
		ASSERT_EQ(0, cqe->cc | cqe->status | cqe->retries | cqe->data);
		b->t->refused++;
		batch_next(b, e, true);
		return;
	}
	ASSERT_TRUE(batch_answer_allowed(b, e, cqe)) {
		TH_LOG("opcode %u as %u offset %#llx len %u flags %u", e->sqe.opcode, e->sqe.as,
		       e->sqe.offset, e->sqe.len, e->sqe.flags);
		TH_LOG("res %d cc %u status %u flags %u data %#llx", cqe->res, cqe->cc,
		       cqe->status, cqe->flags, cqe->data);
	}
	if (!cqe->res) {
		batch_worked(b, e);
		return;
	}
	b->t->insns[e->sqe.opcode]++;
	b->t->cc[cqe->cc]++;
	batch_next(b, e, true);
}

/* Takes up to @max completions */
static inline void batch_reap(struct __test_metadata *_metadata, struct batch *b, __u32 max)
{
	struct zpcifd_cqe cqe;

	while (max-- && ring_pop(&b->r, &cqe))
		batch_account(_metadata, b, &cqe);
}

/* Lets the ring take descriptors, up to the end of a chain */
static inline void batch_enter(struct __test_metadata *_metadata, struct batch *b)
{
	const __u32 head = __atomic_load_n(&b->r.header->sq_head, __ATOMIC_ACQUIRE);
	const int count = batch_rand(b, 4) ? batch_chains(b, 1 + batch_rand(b, 100)) : INT_MAX;
	const int taken = ring_enter(&b->r, count);

	ASSERT_LE(0, taken);
	ASSERT_LE(taken, count);
	/* A thread does not wait to be asked */
	if (b->r.submission != &submit_sqpoll)
		ASSERT_EQ(head + taken, b->r.header->sq_head);
}

/* Puts descriptors into the queue, runs some of them, takes completions of some */
static inline void batch_round(struct __test_metadata *_metadata, struct batch *b)
{
	unsigned int n = 1 + batch_rand(b, 60);

	while (n-- && batch_push(b))
		;
	batch_enter(_metadata, b);
	/* A thread is not made to wait for room: that would take it milliseconds */
	if (b->r.submission == &submit_sqpoll || batch_rand(b, 3))
		batch_reap(_metadata, b, BATCH_ENTRIES);
	else
		batch_reap(_metadata, b, batch_rand(b, 32));
}

/* Until every descriptor was taken and every completion was seen */
static inline void batch_finish(struct __test_metadata *_metadata, struct batch *b)
{
	while (__atomic_load_n(&b->r.header->sq_head, __ATOMIC_ACQUIRE) != b->pushed) {
		batch_reap(_metadata, b, BATCH_ENTRIES);
		batch_enter(_metadata, b);
	}
	batch_reap(_metadata, b, BATCH_ENTRIES);
	while (batch_may_skip(b))
		batch_worked(b, batch_first(b));
	ASSERT_EQ(b->pushed, b->done) {
		TH_LOG("%u descriptors have no completion", b->pushed - b->done);
	}
	ASSERT_EQ(0, ring_ready(&b->r));
}

#endif /* BATCH_H */
