// SPDX-License-Identifier: GPL-2.0
/*
 * libzpcifd's shadow of an MSI-X table against a naive model: bytes of a BAR.
 * Needs no function.
 */
#include <linux/pci_regs.h>
#include <stdlib.h>

#include <kselftest_harness.h>

#include "zpcifd_vmm.h"

#define BAR_LEN 0x2000
#define MAX_VECTORS 300
#define TABLE 2
#define PBA 3

/* Where tables and pending bits can be. BARs 2 and 3 have BAR_LEN bytes. */
static const struct zpcifd_info layouts[] = {
	/* Apart */
	{ .out_msix_vectors = 5, .out_msix_table_bar = 2, .out_msix_pba_bar = 2,
	  .out_msix_table_offset = 0x800, .out_msix_pba_offset = 0xc00 },
	/* One behind the other */
	{ .out_msix_vectors = 4, .out_msix_table_bar = 2, .out_msix_pba_bar = 2,
	  .out_msix_table_offset = 0x108, .out_msix_pba_offset = 0x148 },
	{ .out_msix_vectors = 3, .out_msix_table_bar = 2, .out_msix_pba_bar = 2,
	  .out_msix_table_offset = 0x20, .out_msix_pba_offset = 0x18 },
	/* In two BARs, the same offset, from the start to the end */
	{ .out_msix_vectors = 1, .out_msix_table_bar = 2, .out_msix_pba_bar = 3 },
	{ .out_msix_vectors = 1, .out_msix_table_bar = 3, .out_msix_pba_bar = 2,
	  .out_msix_table_offset = BAR_LEN - 16, .out_msix_pba_offset = BAR_LEN - 8 },
	/* Over the end of a page, more than one doubleword of pending bits */
	{ .out_msix_vectors = MAX_VECTORS, .out_msix_table_bar = 3, .out_msix_pba_bar = 3,
	  .out_msix_table_offset = 0x800, .out_msix_pba_offset = 0x1fd8 },
};

/*
 * What a function has: bytes in two BARs, and whose they are. Every byte is moved
 * on its own, by nothing that the library has.
 */
struct model {
	uint8_t bytes[2][BAR_LEN];
	uint8_t owner[2][BAR_LEN];
	uint8_t told[MAX_VECTORS][16];
};

/* A shadow and its model */
struct shadow {
	struct zpcifd_info info;
	struct zpcifd_msix *m;
	struct model *model;
	uint32_t random;
};

static struct zpcifd_info info_of(int layout)
{
	struct zpcifd_info info = layouts[layout];

	info.out_features = ZPCIFD_FEATURE_MSIX;
	info.out_bar_size[2] = BAR_LEN;
	info.out_bar_size[3] = BAR_LEN;
	return info;
}

static uint8_t *model_entry(struct model *model, const struct zpcifd_info *info, uint32_t vector)
{
	return &model->bytes[info->out_msix_table_bar - 2]
			    [info->out_msix_table_offset + 16 * vector];
}

static void shadow_open(struct __test_metadata *_metadata, struct shadow *self, int layout)
{
	struct zpcifd_info *info = &self->info;
	uint32_t i, vectors;

	*info = info_of(layout);
	vectors = info->out_msix_vectors;
	self->random = 1;
	ASSERT_EQ(0, zpcifd_msix_create(info, &self->m));
	self->model = calloc(1, sizeof(*self->model));
	ASSERT_NE(NULL, self->model);
	for (i = 0; i < vectors * 16; i++)
		self->model->owner[info->out_msix_table_bar - 2]
				  [info->out_msix_table_offset + i] = TABLE;
	for (i = 0; i < (vectors + 63) / 64 * 8; i++)
		self->model->owner[info->out_msix_pba_bar - 2]
				  [info->out_msix_pba_offset + i] = PBA;
	for (i = 0; i < vectors; i++) {
		model_entry(self->model, info, i)[12] = 1;
		self->model->told[i][12] = 1;
	}
	/* So that the vectors' own bits decide */
	zpcifd_msix_control(self->m, true, false);
}

/* One process for all layouts, as processes are dear in user-mode Linux */
static void on_every_layout(struct __test_metadata *_metadata,
			    void (*check)(struct __test_metadata *_metadata, struct shadow *self))
{
	struct shadow self;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		shadow_open(_metadata, &self, i);
		check(_metadata, &self);
		zpcifd_msix_destroy(self.m);
		free(self.model);
	}
}

static uint64_t next_random(struct shadow *self)
{
	uint64_t value = 0;
	int i;

	for (i = 0; i < 8; i++) {
		self->random = self->random * 1103515245 + 12345;
		value = value << 8 | (self->random >> 16 & 0xff);
	}
	return value;
}

/* Bytes of the table alone are changed by a store */
static void model_store(struct shadow *self, uint8_t as, uint64_t offset, uint8_t byte)
{
	if (self->model->owner[as - 2][offset] == TABLE)
		self->model->bytes[as - 2][offset] = byte;
}

/* Counts doublewords that a load finds other than the model has them */
static unsigned int differing(struct shadow *self, uint8_t as, uint32_t offset,
			      uint32_t len)
{
	unsigned int i, wrong = 0;
	uint64_t value, expected;
	uint32_t end = offset + len;

	for (; offset < end; offset += 8) {
		for (expected = 0, i = 0; i < 8; i++)
			expected = expected << 8 | self->model->bytes[as - 2][offset + i];
		wrong += zpcifd_msix_load(self->m, as, offset, 8, &value) || value != expected;
	}
	return wrong;
}

static void expect_same_bytes(struct __test_metadata *_metadata, struct shadow *self)
{
	const struct zpcifd_info *info = &self->info;

	ASSERT_EQ(0, differing(self, info->out_msix_table_bar, info->out_msix_table_offset,
			       info->out_msix_vectors * 16));
	ASSERT_EQ(0, differing(self, info->out_msix_pba_bar, info->out_msix_pba_offset,
			       (info->out_msix_vectors + 63) / 64 * 8));
}

static uint64_t little(const uint8_t *bytes, unsigned int len)
{
	uint64_t value = 0;

	while (len--)
		value = value << 8 | bytes[len];
	return value;
}

/* zpcifd_msix_next() tells exactly what differs from what was told before */
static void expect_changes(struct __test_metadata *_metadata, struct shadow *self)
{
	struct zpcifd_msix_vector v;
	unsigned int i, changes;
	uint8_t *now, *told;

	for (i = 0; i < self->info.out_msix_vectors; i++) {
		now = model_entry(self->model, &self->info, i);
		told = self->model->told[i];
		changes = 0;
		if (memcmp(now, told, 8))
			changes |= ZPCIFD_MSIX_ADDRESS;
		if (memcmp(now + 8, told + 8, 4))
			changes |= ZPCIFD_MSIX_DATA;
		if ((now[12] & 1) != (told[12] & 1))
			changes |= now[12] & 1 ? ZPCIFD_MSIX_MASKED : ZPCIFD_MSIX_UNMASKED;
		memcpy(told, now, 16);
		if (!changes)
			continue;
		ASSERT_TRUE(zpcifd_msix_next(self->m, &v));
		ASSERT_EQ(i, v.vector);
		ASSERT_EQ(changes, v.changes);
		ASSERT_EQ(little(now, 8), v.address);
		ASSERT_EQ(little(now + 8, 4), v.data);
		ASSERT_EQ(now[12] & 1, v.masked);
	}
	ASSERT_FALSE(zpcifd_msix_next(self->m, &v));
}

/* Around both areas, and the ends of the BAR */
static bool is_near(struct shadow *self, unsigned int bar, unsigned int offset)
{
	unsigned int i, start = offset > 24 ? offset - 24 : 0;

	for (i = start; i < offset + 24 && i < BAR_LEN; i++)
		if (self->model->owner[bar][i])
			return true;
	return offset < 24 || offset > BAR_LEN - 24;
}

static void check_words(struct __test_metadata *_metadata, struct shadow *self)
{
	unsigned int bar, offset, len, i, done = 0;
	uint64_t value, loaded, expected;
	bool legal, shadowed;

	for (bar = 0; bar < 2; bar++) {
		for (offset = 0; offset < BAR_LEN; offset++) {
			if (!is_near(self, bar, offset))
				continue;
			for (len = 0; len < 18; len++) {
				legal = len && len <= 8 - offset % 8;
				shadowed = self->model->owner[bar][offset];
				value = next_random(self);
				ASSERT_EQ(!legal ? -EINVAL : shadowed ? 0 : -ERANGE,
					  zpcifd_msix_store(self->m, bar + 2, offset, len, value));
				for (i = 0; legal && i < len; i++)
					model_store(self, bar + 2, offset + i,
						    value >> 8 * (len - 1 - i));
				ASSERT_EQ(!legal ? -EINVAL : shadowed ? 0 : -ERANGE,
					  zpcifd_msix_load(self->m, bar + 2, offset, len, &loaded));
				for (expected = 0, i = 0; legal && shadowed && i < len; i++)
					expected = expected << 8 |
						   self->model->bytes[bar][offset + i];
				ASSERT_EQ(expected, loaded);
				done += legal && shadowed;
			}
			expect_same_bytes(_metadata, self);
			expect_changes(_metadata, self);
		}
	}
	EXPECT_LT(100, done);
}

TEST(PCILG_and_PCISTG_of_every_length_and_offset_are_those_of_bytes)
{
	on_every_layout(_metadata, check_words);
}

static void check_blocks(struct __test_metadata *_metadata, struct shadow *self)
{
	static const unsigned int lens[] = {
		1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 31, 33, 64, 65, 100, 128, 1000, 4095, 4096,
	};
	unsigned int bar, offset, i, j, len, step;
	uint8_t payload[4096];
	bool legal, any;

	/* A long table is all the same in its middle */
	step = self->info.out_msix_vectors > 16 ? 37 : 1;
	for (bar = 0; bar < 2; bar++) {
		for (offset = 0; offset < BAR_LEN; offset += step) {
			if (!is_near(self, bar, offset))
				continue;
			for (i = 0; i < ARRAY_SIZE(lens); i++) {
				len = lens[i];
				legal = offset % 4096 + len <= 4096;
				for (any = false, j = 0; j < len; j++) {
					payload[j] = next_random(self);
					any |= legal && self->model->owner[bar][offset + j];
				}
				ASSERT_EQ(!legal ? -EINVAL : any ? 0 : -ERANGE,
					  zpcifd_msix_block(self->m, bar + 2, offset, payload,
							    len));
				for (j = 0; legal && j < len; j++)
					model_store(self, bar + 2, offset + j, payload[j]);
				expect_same_bytes(_metadata, self);
				expect_changes(_metadata, self);
			}
		}
	}
	EXPECT_EQ(-EINVAL, zpcifd_msix_block(self->m, self->info.out_msix_table_bar,
					     self->info.out_msix_table_offset, payload, 0));
}

TEST(PCISTB_of_any_length_stores_what_is_in_the_table_and_nothing_else)
{
	on_every_layout(_metadata, check_blocks);
}

static void check_spans(struct __test_metadata *_metadata, struct shadow *self)
{
	unsigned int bar, offset, len, n;
	bool shadowed, expected;

	for (bar = 0; bar < 2; bar++) {
		for (offset = 0; offset < BAR_LEN; offset++) {
			if (!is_near(self, bar, offset))
				continue;
			for (len = 1; len <= 200 && offset + len <= BAR_LEN; len++) {
				expected = self->model->owner[bar][offset];
				for (n = 1; n < len; n++)
					if (!!self->model->owner[bar][offset + n] != expected)
						break;
				ASSERT_EQ(n, zpcifd_msix_span(self->m, bar + 2, offset, len,
							      &shadowed));
				ASSERT_EQ(expected, shadowed);
			}
		}
	}
	EXPECT_EQ(0, zpcifd_msix_span(self->m, 2, 0, 0, &shadowed));
	/* Other address spaces are all the function's, and so is the end of this one */
	EXPECT_EQ(64, zpcifd_msix_span(self->m, 1, self->info.out_msix_table_offset, 64,
				       &shadowed));
	EXPECT_FALSE(shadowed);
	EXPECT_EQ(8, zpcifd_msix_span(self->m, 2, ~0ULL - 7, 8, &shadowed));
	EXPECT_FALSE(shadowed);
}

TEST(a_span_ends_where_the_owner_of_the_bytes_changes)
{
	on_every_layout(_metadata, check_spans);
}

/* The guest's store to the mask of one vector, a little-endian register */
static void set_mask(struct __test_metadata *_metadata, struct shadow *self,
		     uint32_t vector, bool mask)
{
	ASSERT_EQ(0, zpcifd_msix_store(self->m, self->info.out_msix_table_bar,
				       self->info.out_msix_table_offset + 16 * vector + 12, 4,
				       zpcifd_le(mask, 4)));
}

/* The guest's look at the pending bit of one vector */
static bool is_pending(struct __test_metadata *_metadata, struct shadow *self,
		       uint32_t vector)
{
	uint64_t value;

	EXPECT_EQ(0, zpcifd_msix_load(self->m, self->info.out_msix_pba_bar,
				      self->info.out_msix_pba_offset + vector / 64 * 8, 8,
				      &value));
	return zpcifd_le(value, 8) >> vector % 64 & 1;
}

static void check_pending(struct __test_metadata *_metadata, struct shadow *self)
{
	const uint32_t last = self->info.out_msix_vectors - 1;
	struct zpcifd_msix_vector v;
	uint32_t i;

	EXPECT_FALSE(zpcifd_msix_next(self->m, &v));
	for (i = 0; i <= last; i++) {
		EXPECT_FALSE(is_pending(_metadata, self, i));
		EXPECT_FALSE(zpcifd_msix_raise(self->m, i));
		EXPECT_TRUE(is_pending(_metadata, self, i));
		EXPECT_FALSE(zpcifd_msix_next(self->m, &v));
		EXPECT_TRUE(i == last || !is_pending(_metadata, self, i + 1));
	}
	/* What the guest stores to pending bits is lost */
	EXPECT_EQ(0, zpcifd_msix_store(self->m, self->info.out_msix_pba_bar,
				       self->info.out_msix_pba_offset, 8, 0));
	for (i = 0; i <= last; i++) {
		EXPECT_TRUE(is_pending(_metadata, self, i));
		set_mask(_metadata, self, i, false);
		ASSERT_TRUE(zpcifd_msix_next(self->m, &v));
		EXPECT_EQ(i, v.vector);
		EXPECT_EQ(ZPCIFD_MSIX_UNMASKED | ZPCIFD_MSIX_PENDING, v.changes);
		EXPECT_FALSE(v.masked);
		EXPECT_FALSE(zpcifd_msix_next(self->m, &v));
		EXPECT_FALSE(is_pending(_metadata, self, i));
		EXPECT_TRUE(zpcifd_msix_raise(self->m, i));
		EXPECT_FALSE(is_pending(_metadata, self, i));
	}
	EXPECT_FALSE(zpcifd_msix_raise(self->m, last + 1));
}

TEST(an_interrupt_of_a_masked_vector_is_pending_until_it_is_unmasked)
{
	on_every_layout(_metadata, check_pending);
}

static void check_remasking(struct __test_metadata *_metadata, struct shadow *self)
{
	const uint32_t last = self->info.out_msix_vectors - 1;
	struct zpcifd_msix_vector v;

	set_mask(_metadata, self, last, false);
	set_mask(_metadata, self, last, true);
	EXPECT_FALSE(zpcifd_msix_next(self->m, &v));
	set_mask(_metadata, self, last, false);
	ASSERT_TRUE(zpcifd_msix_next(self->m, &v));
	EXPECT_EQ(ZPCIFD_MSIX_UNMASKED, v.changes);

	set_mask(_metadata, self, last, true);
	EXPECT_FALSE(zpcifd_msix_raise(self->m, last));
	EXPECT_TRUE(is_pending(_metadata, self, last));
	set_mask(_metadata, self, last, false);
	ASSERT_TRUE(zpcifd_msix_next(self->m, &v));
	EXPECT_EQ(last, v.vector);
	EXPECT_EQ(ZPCIFD_MSIX_PENDING, v.changes);
	EXPECT_FALSE(is_pending(_metadata, self, last));
	EXPECT_FALSE(zpcifd_msix_next(self->m, &v));
}

TEST(masked_and_unmasked_again_is_no_change_but_delivers_what_came_between)
{
	on_every_layout(_metadata, check_remasking);
}

static void check_capability(struct __test_metadata *_metadata, struct shadow *self)
{
	const uint32_t num = self->info.out_msix_vectors;
	struct zpcifd_msix_vector v;
	uint32_t i;

	for (i = 0; i < num; i++)
		set_mask(_metadata, self, i, false);
	for (i = 0; zpcifd_msix_next(self->m, &v); i++)
		EXPECT_EQ(ZPCIFD_MSIX_UNMASKED, v.changes);
	EXPECT_EQ(num, i);

	zpcifd_msix_control(self->m, true, true);
	EXPECT_FALSE(zpcifd_msix_raise(self->m, 0));
	EXPECT_TRUE(is_pending(_metadata, self, 0));
	for (i = 0; zpcifd_msix_next(self->m, &v); i++)
		EXPECT_EQ(ZPCIFD_MSIX_MASKED, v.changes);
	EXPECT_EQ(num, i);

	zpcifd_msix_control(self->m, true, false);
	for (i = 0; zpcifd_msix_next(self->m, &v); i++)
		EXPECT_EQ(v.vector ? ZPCIFD_MSIX_UNMASKED :
				     ZPCIFD_MSIX_UNMASKED | ZPCIFD_MSIX_PENDING, v.changes);
	EXPECT_EQ(num, i);

	/* Off: an interrupt is lost, not pending */
	zpcifd_msix_control(self->m, false, false);
	EXPECT_FALSE(zpcifd_msix_raise(self->m, 0));
	EXPECT_FALSE(is_pending(_metadata, self, 0));
	for (i = 0; zpcifd_msix_next(self->m, &v); i++)
		EXPECT_EQ(ZPCIFD_MSIX_MASKED, v.changes);
	EXPECT_EQ(num, i);
}

TEST(the_capability_masks_all_vectors_and_turns_them_off)
{
	on_every_layout(_metadata, check_capability);
}

static void check_reset(struct __test_metadata *_metadata, struct shadow *self)
{
	struct zpcifd_msix_vector v;
	uint64_t value;

	set_mask(_metadata, self, 0, false);
	EXPECT_EQ(0, zpcifd_msix_store(self->m, self->info.out_msix_table_bar,
				       self->info.out_msix_table_offset, 8,
				       zpcifd_le(0x1122334455667788, 8)));
	ASSERT_TRUE(zpcifd_msix_next(self->m, &v));
	EXPECT_EQ(ZPCIFD_MSIX_ADDRESS | ZPCIFD_MSIX_UNMASKED, v.changes);
	EXPECT_EQ(0x1122334455667788, v.address);
	EXPECT_TRUE(zpcifd_msix_raise(self->m, 0));

	zpcifd_msix_reset(self->m);
	ASSERT_TRUE(zpcifd_msix_next(self->m, &v));
	EXPECT_EQ(0, v.vector);
	EXPECT_EQ(ZPCIFD_MSIX_ADDRESS | ZPCIFD_MSIX_MASKED, v.changes);
	EXPECT_EQ(0, v.address);
	EXPECT_FALSE(zpcifd_msix_next(self->m, &v));
	EXPECT_FALSE(zpcifd_msix_raise(self->m, 0));
	expect_same_bytes(_metadata, self);
	EXPECT_EQ(0, zpcifd_msix_load(self->m, self->info.out_msix_table_bar,
				      self->info.out_msix_table_offset + 12, 4, &value));
	EXPECT_EQ(0x01000000, value);
}

TEST(a_reset_masks_all_and_forgets_the_rest)
{
	on_every_layout(_metadata, check_reset);
}

TEST(a_table_that_cannot_be_has_no_shadow)
{
	struct zpcifd_info info, good = info_of(0);
	struct zpcifd_msix *m;

	EXPECT_EQ(0, zpcifd_msix_create(&good, &m));
	zpcifd_msix_destroy(m);
	zpcifd_msix_destroy(NULL);
#define EXPECT_REFUSED(member, value)				\
	do {							\
		info = good;					\
		info.member = (value);				\
		EXPECT_EQ(-EINVAL, zpcifd_msix_create(&info, &m)); \
		EXPECT_EQ(NULL, m);				\
	} while (0)
	EXPECT_REFUSED(out_msix_vectors, 0);
	EXPECT_REFUSED(out_msix_table_bar, 6);
	EXPECT_REFUSED(out_msix_pba_bar, 1);
	EXPECT_REFUSED(out_msix_table_offset, 0x804);
	EXPECT_REFUSED(out_msix_table_offset, BAR_LEN - 72);
	EXPECT_REFUSED(out_msix_table_offset, ~7U);
	EXPECT_REFUSED(out_msix_pba_offset, BAR_LEN);
	EXPECT_REFUSED(out_msix_pba_offset, 0x848);
	EXPECT_REFUSED(out_bar_size[2], 0x800);
}

TEST_HARNESS_MAIN
