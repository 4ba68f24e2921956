// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings: their dimensions, their layout, their file and their end
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/workqueue.h>

#include "fake.h"

static const struct ring_dimensions {
	const char *name;
	u32 sq_entries;
	u32 cq_entries;
	u32 data_len;
	int res;
} ring_dimensions[] = {
	{ "one entry each, no data area", 1, 1, 0, 0 },
	{ "completion queue like the submission queue", 16, 0, 4096, 0 },
	{ "completion queue longer", 16, 64, 4096, 0 },
	{ "completion queue shorter", 16, 8, 4096, -EINVAL },
	{ "largest submission queue", 4096, 0, 0, 0 },
	{ "submission queue too large", 8192, 8192, 0, -EINVAL },
	{ "largest completion queue", 1, 8192, 0, 0 },
	{ "completion queue too large", 1, 16384, 0, -EINVAL },
	{ "no submission queue", 0, 0, 0, -EINVAL },
	{ "no submission queue, but a completion queue", 0, 8, 0, -EINVAL },
	{ "3 submission queue entries", 3, 4, 0, -EINVAL },
	{ "3 completion queue entries", 2, 3, 0, -EINVAL },
	{ "2^31 entries", 1U << 31, 0, 0, -EINVAL },
	{ "2^32 - 1 entries", U32_MAX, 0, 0, -EINVAL },
	{ "2^31 completion queue entries", 1, 1U << 31, 0, -EINVAL },
	{ "2^32 - 1 completion queue entries", 1, U32_MAX, 0, -EINVAL },
	{ "data area of 1 byte", 8, 8, 1, -EINVAL },
	{ "data area of 4095 bytes", 8, 8, 4095, -EINVAL },
	{ "data area of 12 KiB", 8, 8, 12288, 0 },
	{ "largest data area", 8, 8, SZ_16M, 0 },
	{ "data area too large", 8, 8, SZ_16M + 4096, -EINVAL },
	{ "data area of 2^32 - 4096 bytes", 8, 8, U32_MAX - 4095, -EINVAL },
};

static void ring_check_layout(struct kunit *test, struct zpcifd_ring *ring,
			      const struct ring_dimensions *row,
			      const struct zpcifd_ring_create *cmd)
{
	u32 cq_entries = row->cq_entries ?: row->sq_entries;
	u32 end = cmd->out_data_offset + row->data_len;

	KUNIT_EXPECT_EQ_MSG(test, cmd->cq_entries, cq_entries, "%s", row->name);
	KUNIT_EXPECT_GE_MSG(test, cmd->out_sq_offset, 512U, "%s", row->name);
	KUNIT_EXPECT_GE_MSG(test, cmd->out_cq_offset,
			    cmd->out_sq_offset + 32 * row->sq_entries, "%s", row->name);
	KUNIT_EXPECT_GE_MSG(test, cmd->out_data_offset,
			    cmd->out_cq_offset + 32 * cq_entries, "%s", row->name);
	KUNIT_EXPECT_GE_MSG(test, cmd->out_mmap_len, end, "%s", row->name);
	KUNIT_EXPECT_TRUE_MSG(test, IS_ALIGNED(cmd->out_data_offset, PAGE_SIZE), "%s", row->name);
	KUNIT_EXPECT_TRUE_MSG(test, IS_ALIGNED(cmd->out_mmap_len, PAGE_SIZE), "%s", row->name);

	KUNIT_EXPECT_PTR_EQ(test, (void *)ring->sqes, (void *)ring->header + cmd->out_sq_offset);
	KUNIT_EXPECT_PTR_EQ(test, (void *)ring->cqes, (void *)ring->header + cmd->out_cq_offset);
	KUNIT_EXPECT_PTR_EQ(test, ring->data, (void *)ring->header + cmd->out_data_offset);
	KUNIT_EXPECT_NULL_MSG(test, memchr_inv(ring->header, 0, cmd->out_mmap_len),
			      "%s: memory is not zero", row->name);
}

static void a_ring_has_the_dimensions_that_were_asked_for(struct kunit *test)
{
	struct zpcifd_fake *fake = zpcifd_fake_create(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ring_dimensions); i++) {
		const struct ring_dimensions *row = &ring_dimensions[i];
		struct zpcifd_ring_create cmd = {
			.sq_entries = row->sq_entries,
			.cq_entries = row->cq_entries,
			.data_len = row->data_len,
		};
		struct zpcifd_ring *ring = zpcifd_ring_create(&fake->zd, &cmd);

		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(ring), row->res, "%s", row->name);
		if (IS_ERR(ring))
			continue;
		ring_check_layout(test, ring, row, &cmd);
		zpcifd_ring_free(ring);
	}
}

/* A ring with a file, which goes at the end of the test */
struct ring_fixture {
	struct zpcifd_fake *fake;
	struct zpcifd_ring *ring;
	struct file *file;
};

static void ring_close(void *data)
{
	__fput_sync(data);
}

static struct ring_fixture ring_open(struct kunit *test)
{
	struct zpcifd_ring_create cmd = { .sq_entries = 32 };
	struct ring_fixture f = { .fake = zpcifd_fake_create(test) };

	f.ring = zpcifd_ring_create(&f.fake->zd, &cmd);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f.ring);
	f.file = zpcifd_ring_file(f.ring);
	if (IS_ERR(f.file))
		zpcifd_ring_free(f.ring);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f.file);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, ring_close, f.file));
	f.ring->ops = *f.fake->zd.ops;
	return f;
}

static int ring_ioctl(struct ring_fixture *f, unsigned int cmd, unsigned long arg)
{
	return f->file->f_op->unlocked_ioctl(f->file, cmd, arg);
}

static void ring_disconnect(struct ring_fixture *f)
{
	guard(mutex)(&f->fake->zd.lock);
	zpcifd_ring_disconnect(f->ring);
}

static void enter_takes_its_argument_by_value(struct kunit *test)
{
	struct ring_fixture f = ring_open(test);

	zpcifd_fake_submit_loads(f.ring, 0, 5, 0);
	KUNIT_EXPECT_EQ(test, ring_ioctl(&f, ZPCIFD_RING_ENTER, 0), 0);
	KUNIT_EXPECT_EQ(test, ring_ioctl(&f, ZPCIFD_RING_ENTER, 2), 2);
	KUNIT_EXPECT_EQ(test, ring_ioctl(&f, ZPCIFD_RING_ENTER, (unsigned long)INT_MAX + 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, ring_ioctl(&f, ZPCIFD_RING_ENTER, ULONG_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, f.fake->issued, 2);
	KUNIT_EXPECT_EQ(test, ring_ioctl(&f, ZPCIFD_RING_ENTER, INT_MAX), 3);
	KUNIT_EXPECT_EQ(test, f.fake->issued, 5);
}

static void a_ring_knows_no_ioctl_but_enter(struct kunit *test)
{
	struct ring_fixture f = ring_open(test);
	unsigned int nr;

	zpcifd_fake_submit_loads(f.ring, 0, 1, 0);
	for (nr = 0; nr < 256; nr++)
		if (nr != ZPCIFD_CMD_RING_ENTER)
			KUNIT_EXPECT_EQ_MSG(test, ring_ioctl(&f, _IO(ZPCIFD_TYPE, nr), 1),
					    -ENOTTY, "number %u", nr);
	KUNIT_EXPECT_EQ(test, ring_ioctl(&f, _IO(ZPCIFD_TYPE + 1, ZPCIFD_CMD_RING_ENTER), 1),
			-ENOTTY);
	KUNIT_EXPECT_EQ(test, f.fake->issued, 0);
}

static void poll_tells_completions_room_and_the_end(struct kunit *test)
{
	const u32 in = (__force u32)(EPOLLIN | EPOLLRDNORM);
	const u32 out = (__force u32)(EPOLLOUT | EPOLLWRNORM);
	struct ring_fixture f = ring_open(test);

	KUNIT_EXPECT_EQ(test, (__force u32)vfs_poll(f.file, NULL), out);
	zpcifd_fake_submit_loads(f.ring, 0, 31, 0);
	KUNIT_EXPECT_EQ(test, (__force u32)vfs_poll(f.file, NULL), out);
	zpcifd_fake_submit_loads(f.ring, 31, 1, 0);
	KUNIT_EXPECT_EQ(test, (__force u32)vfs_poll(f.file, NULL), 0);
	KUNIT_EXPECT_EQ(test, ring_ioctl(&f, ZPCIFD_RING_ENTER, 1), 1);
	KUNIT_EXPECT_EQ(test, (__force u32)vfs_poll(f.file, NULL), in | out);
	zpcifd_fake_expect(test, f.ring, 0, 0);
	KUNIT_EXPECT_EQ(test, (__force u32)vfs_poll(f.file, NULL), out);
	ring_disconnect(&f);
	KUNIT_EXPECT_EQ(test, (__force u32)vfs_poll(f.file, NULL),
			(__force u32)(EPOLLERR | EPOLLHUP));
}

static void a_disconnected_ring_answers_enodev_only(struct kunit *test)
{
	struct ring_fixture f = ring_open(test);

	zpcifd_fake_submit_loads(f.ring, 0, 4, 0);
	KUNIT_EXPECT_EQ(test, ring_ioctl(&f, ZPCIFD_RING_ENTER, 1), 1);
	ring_disconnect(&f);
	KUNIT_EXPECT_EQ(test, ring_ioctl(&f, ZPCIFD_RING_ENTER, 1), -ENODEV);
	KUNIT_EXPECT_EQ(test, ring_ioctl(&f, ZPCIFD_RING_ENTER, 0), -ENODEV);
	KUNIT_EXPECT_EQ(test, f.fake->issued, 1);

	/* What completed before stays readable */
	zpcifd_fake_expect(test, f.ring, 0, 0);
	zpcifd_fake_expect_none(test, f.ring);
}

/* Somebody who runs descriptors while the ring is disconnected */
struct ring_runner {
	struct work_struct work;
	struct ring_fixture *f;
	struct completion issuing;
	bool issued;
	int taken;
};

static void ring_run(struct work_struct *work)
{
	struct ring_runner *runner = container_of(work, struct ring_runner, work);

	runner->taken = ring_ioctl(runner->f, ZPCIFD_RING_ENTER, 32);
}

/* The first instruction takes until the ring is being disconnected and longer */
static void ring_issue_slowly(struct zpcifd_fake *fake, unsigned int n)
{
	struct ring_runner *runner = fake->priv;
	unsigned int i;

	if (n)
		return;
	complete(&runner->issuing);
	for (i = 0; i < 5000 && !zpcifd_ring_stops(runner->f->ring); i++)
		fsleep(1000);
	fsleep(20000);
	WRITE_ONCE(runner->issued, true);
}

static void disconnecting_waits_for_the_instruction_and_stops_the_batch(struct kunit *test)
{
	struct ring_fixture f = ring_open(test);
	struct ring_runner runner = { .f = &f };
	unsigned int issued;

	init_completion(&runner.issuing);
	INIT_WORK_ONSTACK(&runner.work, ring_run);
	f.fake->priv = &runner;
	f.fake->on_issue = ring_issue_slowly;
	zpcifd_fake_submit_loads(f.ring, 0, 32, 0);

	schedule_work(&runner.work);
	wait_for_completion(&runner.issuing);
	ring_disconnect(&f);
	issued = f.fake->issued;
	KUNIT_EXPECT_TRUE(test, READ_ONCE(runner.issued));
	flush_work(&runner.work);
	destroy_work_on_stack(&runner.work);

	KUNIT_EXPECT_EQ(test, f.fake->issued, issued);
	KUNIT_EXPECT_EQ(test, runner.taken, issued);
	KUNIT_EXPECT_LE(test, issued, ZPCIFD_PAUSE);
}

static struct kunit_case ring_cases[] = {
	KUNIT_CASE(a_ring_has_the_dimensions_that_were_asked_for),
	KUNIT_CASE(enter_takes_its_argument_by_value),
	KUNIT_CASE(a_ring_knows_no_ioctl_but_enter),
	KUNIT_CASE(poll_tells_completions_room_and_the_end),
	KUNIT_CASE(a_disconnected_ring_answers_enodev_only),
	KUNIT_CASE(disconnecting_waits_for_the_instruction_and_stops_the_batch),
	{}
};

static struct kunit_suite ring_suite = {
	.name = "zpcifd_ring",
	.test_cases = ring_cases,
};

kunit_test_suite(ring_suite);
