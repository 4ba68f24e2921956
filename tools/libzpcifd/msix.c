// SPDX-License-Identifier: MIT
/*
 * The MSI-X table and pending bit array that a guest sees
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/pci_regs.h>

#include "lib.h"
#include "zpcifd_vmm.h"

#define CTRL_MASKED 1

/* One entry of the table: the function's bytes, whatever the host's order is */
struct entry {
	uint64_t address;
	uint32_t data;
	uint32_t control;
};

/**
 * struct area - A part of a BAR that the shadow has
 * @bytes: What is there
 * @start: Its offset in the BAR
 * @len: Its length in bytes
 * @bar: The BAR
 */
struct area {
	uint8_t *bytes;
	uint64_t start;
	uint32_t len;
	uint8_t bar;
};

/**
 * struct told - What zpcifd_msix_next() told last of a vector
 * @address: Message address
 * @data: Message data
 * @masked: It was masked
 */
struct told {
	uint64_t address;
	uint32_t data;
	bool masked;
};

/**
 * struct zpcifd_msix - A shadow
 * @entries: The table
 * @pending: Pending bits, little-endian doublewords: bit n of byte m is vector
 *	8 * m + n
 * @told: What was told of each vector
 * @table: Where the table is
 * @pba: Where the pending bits are
 * @num: Number of vectors
 * @first: No vector before it has changed since it was told
 * @end: Nor this one or one behind it
 * @enabled: MSI-X is enabled
 * @mask_all: The function mask is set
 */
struct zpcifd_msix {
	struct entry *entries;
	uint8_t *pending;
	struct told *told;
	struct area table;
	struct area pba;
	uint32_t num;
	uint32_t first;
	uint32_t end;
	bool enabled;
	bool mask_all;
};

static bool in_bar(const struct zpcifd_info *info, const struct area *a)
{
	return a->bar < ZPCIFD_NR_BARS && !(a->start % 8) &&
	       a->start < info->out_bar_size[a->bar] &&
	       a->len <= info->out_bar_size[a->bar] - a->start;
}

static bool overlap(const struct area *a, const struct area *b)
{
	return a->bar == b->bar && a->start < b->start + b->len &&
	       b->start < a->start + a->len;
}

int zpcifd_msix_create(const struct zpcifd_info *info, struct zpcifd_msix **out)
{
	const uint32_t num = info->out_msix_vectors;
	const struct area table = {
		.start = info->out_msix_table_offset,
		.len = num * PCI_MSIX_ENTRY_SIZE,
		.bar = info->out_msix_table_bar,
	};
	const struct area pba = {
		.start = info->out_msix_pba_offset,
		.len = (num + 63) / 64 * 8,
		.bar = info->out_msix_pba_bar,
	};
	struct zpcifd_msix *m;

	*out = NULL;
	if (!num || !in_bar(info, &table) || !in_bar(info, &pba) ||
	    overlap(&table, &pba))
		return -EINVAL;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->num = num;
	m->table = table;
	m->pba = pba;
	m->entries = calloc(num, sizeof(*m->entries));
	m->pending = calloc(1, pba.len);
	m->told = calloc(num, sizeof(*m->told));
	if (!m->entries || !m->pending || !m->told) {
		zpcifd_msix_destroy(m);
		return -ENOMEM;
	}
	m->table.bytes = (uint8_t *)m->entries;
	m->pba.bytes = m->pending;
	for (uint32_t i = 0; i < num; i++)
		m->told[i].masked = true;
	zpcifd_msix_reset(m);
	*out = m;
	return 0;
}

void zpcifd_msix_destroy(struct zpcifd_msix *m)
{
	if (!m)
		return;
	free(m->told);
	free(m->pending);
	free(m->entries);
	free(m);
}

/* Vectors from @first up to before @end are to be looked at */
static void touch(struct zpcifd_msix *m, uint32_t first, uint32_t end)
{
	if (m->first == m->end) {
		m->first = first;
		m->end = end;
		return;
	}
	if (first < m->first)
		m->first = first;
	if (end > m->end)
		m->end = end;
}

void zpcifd_msix_reset(struct zpcifd_msix *m)
{
	memset(m->entries, 0, m->table.len);
	memset(m->pending, 0, m->pba.len);
	for (uint32_t i = 0; i < m->num; i++)
		m->entries[i].control = htole32(CTRL_MASKED);
	m->enabled = false;
	m->mask_all = false;
	touch(m, 0, m->num);
}

/* How many bytes from @offset on are in the area, or before it, or behind it */
static uint32_t span(const struct area *a, uint8_t as, uint64_t offset,
		     uint32_t len, bool *inside)
{
	uint64_t n = len;

	*inside = false;
	if (as != a->bar || offset >= a->start + a->len)
		return len;
	if (offset < a->start) {
		n = a->start - offset;
	} else {
		*inside = true;
		n = a->start + a->len - offset;
	}
	return n < len ? n : len;
}

uint32_t zpcifd_msix_span(const struct zpcifd_msix *m, uint8_t as,
			  uint64_t offset, uint32_t len, bool *shadowed)
{
	uint32_t n = 0;

	*shadowed = false;
	/* One area may follow the other at once */
	while (n < len) {
		bool table, pba;
		uint32_t part;

		part = span(&m->table, as, offset + n, len - n, &table);
		if (!table)
			part = span(&m->pba, as, offset + n, part, &pba);
		if (n && (table || pba) != *shadowed)
			break;
		*shadowed = table || pba;
		n += part;
	}
	return n;
}

static bool is_legal(uint64_t offset, uint32_t len)
{
	return len && len <= 8 - offset % 8;
}

/* Both areas are whole doublewords: who loads or stores inside one is in one */
static const struct area *area_at(const struct zpcifd_msix *m, uint8_t as,
				  uint64_t offset)
{
	bool inside;

	span(&m->table, as, offset, 1, &inside);
	if (inside)
		return &m->table;
	span(&m->pba, as, offset, 1, &inside);
	return inside ? &m->pba : NULL;
}

int zpcifd_msix_load(const struct zpcifd_msix *m, uint8_t as, uint64_t offset,
		     uint32_t len, uint64_t *value)
{
	const struct area *a = area_at(m, as, offset);
	const uint8_t *from;

	*value = 0;
	if (!is_legal(offset, len))
		return -EINVAL;
	if (!a)
		return -ERANGE;
	from = a->bytes + (offset - a->start);
	while (len--)
		*value = *value << 8 | *from++;
	return 0;
}

/* Bytes that are all in the table */
static void store_table(struct zpcifd_msix *m, uint64_t offset,
			const uint8_t *bytes, uint32_t len)
{
	const uint32_t at = offset - m->table.start;

	memcpy(m->table.bytes + at, bytes, len);
	touch(m, at / PCI_MSIX_ENTRY_SIZE,
	      (at + len - 1) / PCI_MSIX_ENTRY_SIZE + 1);
}

int zpcifd_msix_store(struct zpcifd_msix *m, uint8_t as, uint64_t offset,
		      uint32_t len, uint64_t value)
{
	const struct area *a = area_at(m, as, offset);
	uint8_t bytes[8];

	if (!is_legal(offset, len))
		return -EINVAL;
	if (!a)
		return -ERANGE;
	for (uint32_t i = len; i--; value >>= 8)
		bytes[i] = value;
	if (a == &m->table)
		store_table(m, offset, bytes, len);
	return 0;
}

int zpcifd_msix_block(struct zpcifd_msix *m, uint8_t as, uint64_t offset,
		      const void *buf, uint32_t len)
{
	const uint8_t *bytes = buf;
	bool inside, any = false;
	uint32_t n;

	if (!len || len > ZPCIFD_PAGE - offset % ZPCIFD_PAGE)
		return -EINVAL;
	for (; len; offset += n, bytes += n, len -= n) {
		n = zpcifd_msix_span(m, as, offset, len, &inside);
		any |= inside;
		if (!inside)
			continue;
		n = span(&m->table, as, offset, n, &inside);
		if (inside)
			store_table(m, offset, bytes, n);
	}
	return any ? 0 : -ERANGE;
}

void zpcifd_msix_control(struct zpcifd_msix *m, bool enable, bool mask_all)
{
	m->enabled = enable;
	m->mask_all = mask_all;
	touch(m, 0, m->num);
}

static bool is_masked(const struct zpcifd_msix *m, uint32_t vector)
{
	return !m->enabled || m->mask_all ||
	       le32toh(m->entries[vector].control) & CTRL_MASKED;
}

bool zpcifd_msix_raise(struct zpcifd_msix *m, uint32_t vector)
{
	if (vector >= m->num || !m->enabled)
		return false;
	if (!is_masked(m, vector))
		return true;
	m->pending[vector / 8] |= 1 << vector % 8;
	return false;
}

/* What of a vector is new. It counts as told from here on. */
static uint32_t take_changes(struct zpcifd_msix *m, uint32_t vector)
{
	const struct told now = {
		.address = le64toh(m->entries[vector].address),
		.data = le32toh(m->entries[vector].data),
		.masked = is_masked(m, vector),
	};
	const uint8_t bit = 1 << vector % 8;
	struct told *told = &m->told[vector];
	uint32_t changes = 0;

	if (now.address != told->address)
		changes |= ZPCIFD_MSIX_ADDRESS;
	if (now.data != told->data)
		changes |= ZPCIFD_MSIX_DATA;
	if (now.masked != told->masked)
		changes |= now.masked ? ZPCIFD_MSIX_MASKED : ZPCIFD_MSIX_UNMASKED;
	if (!now.masked && m->pending[vector / 8] & bit) {
		m->pending[vector / 8] &= ~bit;
		changes |= ZPCIFD_MSIX_PENDING;
	}
	*told = now;
	return changes;
}

bool zpcifd_msix_next(struct zpcifd_msix *m, struct zpcifd_msix_vector *v)
{
	while (m->first < m->end) {
		const uint32_t vector = m->first++;
		const uint32_t changes = take_changes(m, vector);

		if (!changes)
			continue;
		*v = (struct zpcifd_msix_vector) {
			.address = m->told[vector].address,
			.data = m->told[vector].data,
			.vector = vector,
			.changes = changes,
			.masked = m->told[vector].masked,
		};
		return true;
	}
	return false;
}
