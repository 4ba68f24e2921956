// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function whose instructions answer by a script and are logged, and rings
 * for it that a test drives as user space would
 */
#include <linux/ktime.h>

#include "compat.h"
#include "fake.h"

static long zpcifd_fake_issue(struct zpcifd_device *zd, struct zpcifd_insn *insn)
{
	struct zpcifd_fake *fake = container_of(zd, struct zpcifd_fake, zd);
	const struct zpcifd_fake_answer *answer = &fake->rest;
	u64 end = ktime_get_ns() + fake->nsec;
	unsigned int n;

	scoped_guard(spinlock, &fake->lock) {
		n = fake->issued++;
		if (n < ARRAY_SIZE(fake->log))
			fake->log[n] = *insn;
	}
	if (n < fake->nr_answers)
		answer = &fake->answers[n];
	if (fake->on_issue)
		fake->on_issue(fake, n);
	while (ktime_get_ns() < end)
		cpu_relax();

	if (insn->opcode == ZPCIFD_OP_PCILG)
		insn->data = answer->data;
	return answer->ret ?: zpcifd_result(answer->cc, answer->status);
}

static long zpcifd_fake_pcilg(struct zpcifd_device *zd, u64 *data, u64 req,
			      u64 offset)
{
	struct zpcifd_insn insn = zpcifd_insn_init(ZPCIFD_OP_PCILG, req, offset);
	long ret = zpcifd_fake_issue(zd, &insn);

	*data = insn.data;
	return ret;
}

static long zpcifd_fake_pcistg(struct zpcifd_device *zd, u64 data, u64 req,
			       u64 offset)
{
	struct zpcifd_insn insn = zpcifd_insn_init(ZPCIFD_OP_PCISTG, req, offset);

	insn.data = data;
	return zpcifd_fake_issue(zd, &insn);
}

static long zpcifd_fake_pcistb(struct zpcifd_device *zd, const void *block, u64 req,
			       u64 offset)
{
	struct zpcifd_insn insn = zpcifd_insn_init(ZPCIFD_OP_PCISTB, req, offset);

	insn.block = block;
	return zpcifd_fake_issue(zd, &insn);
}

static const struct zpcifd_ops zpcifd_fake_ops = {
	.pcilg = zpcifd_fake_pcilg,
	.pcistg = zpcifd_fake_pcistg,
	.pcistb = zpcifd_fake_pcistb,
};

static void zpcifd_fake_put(void *data)
{
	struct zpcifd_fake *fake = data;

	zpcifd_put(&fake->zd);
}

/**
 * zpcifd_fake_create - Make a function for a test
 * @test: The test, at whose end it goes
 *
 * BAR 0 is 64 KiB long, the others are not there; alignment is strict. A test
 * that changes &zpcifd_device.info calls zpcifd_policy_init() again, and
 * zpcifd_policy_get_fast() for each ring that is there.
 *
 * Return: the function
 */
struct zpcifd_fake *zpcifd_fake_create(struct kunit *test)
{
	struct zpcifd_fake *fake =
		zpcifd_alloc_device(NULL, &zpcifd_fake_ops, struct zpcifd_fake, zd);

	KUNIT_ASSERT_NOT_NULL(test, fake);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, zpcifd_fake_put, fake));
	spin_lock_init(&fake->lock);
	fake->zd.info.out_bar_size[0] = ZPCIFD_FAKE_BAR_LEN;
	fake->zd.info.out_maxstbl = ZPCIFD_FAKE_MAXSTBL;
	zpcifd_policy_init(fake->zd.policy, &fake->zd.info);
	return fake;
}

static void zpcifd_fake_free_ring(void *data)
{
	zpcifd_ring_free(data);
}

/**
 * zpcifd_fake_ring - Make a ring that works, without a file
 * @test: The test, at whose end it goes
 * @fake: The function
 * @sq_entries: Length of the submission queue
 * @cq_entries: Length of the completion queue
 * @data_len: Length of the data area
 *
 * Return: the ring
 */
struct zpcifd_ring *zpcifd_fake_ring(struct kunit *test,
				     struct zpcifd_fake *fake, u32 sq_entries,
				     u32 cq_entries, u32 data_len)
{
	struct zpcifd_ring_create cmd = {
		.sq_entries = sq_entries,
		.cq_entries = cq_entries,
		.data_len = data_len,
	};
	struct zpcifd_ring *ring = zpcifd_ring_create(&fake->zd, &cmd);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ring);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, zpcifd_fake_free_ring, ring));
	ring->ops = *fake->zd.ops;
	return ring;
}

/**
 * zpcifd_fake_set_counters - Let an empty ring's counters start elsewhere
 * @ring: The ring, which has not run yet
 * @sq: Both counters of the submission queue
 * @cq: Both counters of the completion queue
 */
void zpcifd_fake_set_counters(struct zpcifd_ring *ring, u32 sq, u32 cq)
{
	ring->sq_head = sq;
	ring->header->sq_head = sq;
	ring->header->sq_tail = sq;
	ring->cq_tail = cq;
	ring->header->cq_tail = cq;
	ring->header->cq_head = cq;
}

/**
 * zpcifd_fake_submit - Put a descriptor into the submission queue
 * @ring: The ring
 * @sqe: The descriptor
 */
void zpcifd_fake_submit(struct zpcifd_ring *ring, const struct zpcifd_sqe *sqe)
{
	u32 tail = ring->header->sq_tail;

	ring->sqes[tail % (ring->sq_mask + 1)] = *sqe;
	/* Pairs with zpcifd_submit_locked(): the entry comes before its count */
	smp_store_release(&ring->header->sq_tail, tail + 1);
}

/**
 * zpcifd_fake_submit_loads - Put loads of 8 bytes into the submission queue
 * @ring: The ring
 * @user_data: The first one's; each later one's is one more. The offset is 8
 *	times that.
 * @n: How many
 * @flags: Their flags
 */
void zpcifd_fake_submit_loads(struct zpcifd_ring *ring, u64 user_data,
			      unsigned int n, u8 flags)
{
	for (; n; n--, user_data++) {
		struct zpcifd_sqe sqe = {
			.opcode = ZPCIFD_OP_PCILG,
			.flags = flags,
			.len = 8,
			.offset = user_data * 8,
			.user_data = user_data,
		};

		zpcifd_fake_submit(ring, &sqe);
	}
}

/**
 * zpcifd_fake_enter - What ZPCIFD_RING_ENTER does
 * @ring: The ring
 * @count: How many descriptors at most
 *
 * Return: what zpcifd_submit_locked() returned
 */
int zpcifd_fake_enter(struct zpcifd_ring *ring, u32 count)
{
	guard(mutex)(&ring->lock);
	return zpcifd_submit_locked(ring, count);
}

/**
 * zpcifd_fake_reap - Take a completion
 * @ring: The ring
 * @cqe: Set to the completion
 *
 * Return: whether there was one
 */
bool zpcifd_fake_reap(struct zpcifd_ring *ring, struct zpcifd_cqe *cqe)
{
	u32 head = ring->header->cq_head;

	/* Pairs with zpcifd_submit_locked(): the entry comes after its count */
	if (head == smp_load_acquire(&ring->header->cq_tail))
		return false;
	*cqe = ring->cqes[head % (ring->cq_mask + 1)];
	/* Pairs with zpcifd_submit_locked(): the entry was read before it is reused */
	smp_store_release(&ring->header->cq_head, head + 1);
	return true;
}

/**
 * zpcifd_fake_expect - Take a completion that must be there
 * @test: The test, which fails if it is not
 * @ring: The ring
 * @user_data: Which descriptor must have completed
 * @res: With which result
 *
 * Return: the completion
 */
struct zpcifd_cqe zpcifd_fake_expect(struct kunit *test,
				     struct zpcifd_ring *ring, u64 user_data,
				     int res)
{
	struct zpcifd_cqe cqe = {};

	KUNIT_ASSERT_TRUE_MSG(test, zpcifd_fake_reap(ring, &cqe),
			      "no completion of descriptor %llu", user_data);
	KUNIT_EXPECT_EQ(test, cqe.user_data, user_data);
	KUNIT_EXPECT_EQ_MSG(test, cqe.res, res, "descriptor %llu", user_data);
	return cqe;
}

/**
 * zpcifd_fake_expect_none - There must be no completion
 * @test: The test, which fails if there is one
 * @ring: The ring
 */
void zpcifd_fake_expect_none(struct kunit *test, struct zpcifd_ring *ring)
{
	struct zpcifd_cqe cqe;

	if (zpcifd_fake_reap(ring, &cqe))
		KUNIT_FAIL(test, "completion of descriptor %llu with %d",
			   cqe.user_data, cqe.res);
}

MODULE_DESCRIPTION("KUnit suites of zpcifd");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("ZPCIFD");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
