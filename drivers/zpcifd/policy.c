// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a descriptor may touch: the rules of the architecture, so that nothing
 * is issued that it answers with a program check, and the places that are the
 * kernel's own.
 */
#include <kunit/visibility.h>
#include <linux/align.h>
#include <linux/nospec.h>
#include <linux/pci_regs.h>
#include <linux/string.h>

#include "zpcifd_private.h"

#define ZPCIFD_SQE_FLAGS \
	(ZPCIFD_SQE_LINK | ZPCIFD_SQE_BUSY_RETURN | ZPCIFD_SQE_SKIP_SUCCESS)

/*
 * Stores to config space that do no harm beyond the function. A store is issued as
 * it is or not at all, so a register is here only if all its bits are harmless: the
 * command register has bus mastering, device control has the function level reset.
 * No capability is here. MSI and MSI-X are the kernel's; power states lose what the
 * kernel relies on; VPD and vendor specific ones write what outlives the owner, or
 * are a window to the BARs, past the MSI-X guard, as virtio's is. Registers of mere
 * error bits, in PCI Express and AER, are not worth trusting the function's own list
 * of where they are: errors come as events here, and a reset clears them.
 * Documentation/userspace-api/zpcifd.rst has the reason for every register.
 */
static const struct {
	u16 offset;
	u16 len;
} zpcifd_config_stores[] = {
	/* Error bits, cleared by writing ones; the rest is read only */
	{ PCI_STATUS, 2 },
	/*
	 * Cache line size and latency timer: of conventional PCI, without effect on
	 * this platform's functions. Linux in a guest stores to both.
	 */
	{ PCI_CACHE_LINE_SIZE, 2 },
	/* Read back only; there are no interrupt lines */
	{ PCI_INTERRUPT_LINE, 1 },
};

/* A place that the kernel owns, split out of the windows of its BAR */
static void zpcifd_policy_guard(struct zpcifd_window *windows, u64 start,
				u64 end)
{
	unsigned int i, j;

	for (i = 0; i < ZPCIFD_BAR_WINDOWS; i++) {
		struct zpcifd_window *w = &windows[i];

		if (start >= w->end || end <= w->start)
			continue;
		if (start > w->start && end < w->end) {
			for (j = ZPCIFD_BAR_WINDOWS - 1; j > i + 1; j--)
				windows[j] = windows[j - 1];
			windows[i + 1] = (struct zpcifd_window){ end, w->end };
			w->end = start;
		} else if (start > w->start) {
			w->end = start;
		} else {
			w->start = min(end, w->end);
		}
	}
}

static u64 zpcifd_policy_table_len(const struct zpcifd_info *info)
{
	return (u64)info->out_msix_vectors * PCI_MSIX_ENTRY_SIZE;
}

static u64 zpcifd_policy_pba_len(const struct zpcifd_info *info)
{
	return ALIGN((u64)info->out_msix_vectors, 64) / 8;
}

/**
 * zpcifd_policy_get_fast - Where do most descriptors lie?
 * @policy: What descriptors may touch
 * @fast: An empty range for each address space; set to the largest one where
 *	the instruction's own rules are all there is to check
 */
void zpcifd_policy_get_fast(const struct zpcifd_policy *policy,
			    struct zpcifd_fast_range *fast)
{
	unsigned int bar, i;

	for (bar = 0; bar < ZPCIFD_NR_BARS; bar++) {
		for (i = 0; i < ZPCIFD_BAR_WINDOWS; i++) {
			u64 start = ALIGN(policy->bar[bar][i].start, ZPCIFD_STORE_PAGE);
			u64 end = ALIGN_DOWN(policy->bar[bar][i].end,
					 ZPCIFD_STORE_PAGE);

			if (end > start && end - start > fast[bar].len)
				fast[bar] = (struct zpcifd_fast_range){ start, end - start };
		}
	}
}
EXPORT_SYMBOL_IF_KUNIT(zpcifd_policy_get_fast);

/**
 * zpcifd_policy_init - Derive what descriptors may touch
 * @policy: Filled
 * @info: The function, which must stay; its MSI-X BARs were checked
 */
void zpcifd_policy_init(struct zpcifd_policy *policy,
			const struct zpcifd_info *info)
{
	unsigned int i;

	memset(policy, 0, sizeof(*policy));
	policy->info = info;
	policy->maxstbl = info->out_maxstbl;
	if (!(info->out_features & ZPCIFD_FEATURE_RELAXED)) {
		policy->min_block = 8;
		policy->align_mask = 7;
	}
	for (i = 0; i <= ilog2(ZPCIFD_STORE_PAGE); i++)
		if (BIT(i) > policy->min_block && BIT(i) <= policy->maxstbl)
			policy->block_lens |= BIT(i);
	for (i = 0; i < ZPCIFD_NR_BARS; i++)
		policy->bar[i][0].end = info->out_bar_size[i];

	if (!info->out_msix_vectors)
		return;
	zpcifd_policy_guard(policy->bar[info->out_msix_table_bar],
			    info->out_msix_table_offset,
			    info->out_msix_table_offset +
			    zpcifd_policy_table_len(info));
	zpcifd_policy_guard(policy->bar[info->out_msix_pba_bar],
			    info->out_msix_pba_offset,
			    info->out_msix_pba_offset +
			    zpcifd_policy_pba_len(info));
}
EXPORT_SYMBOL_IF_KUNIT(zpcifd_policy_init);

static int zpcifd_policy_check_config(const struct zpcifd_sqe *sqe)
{
	unsigned int i;

	if (sqe->len != 1 && sqe->len != 2 && sqe->len != 4)
		return -EINVAL;
	if ((sqe->offset & 3) + sqe->len > 4)
		return -EINVAL;
	if (sqe->offset >= ZPCIFD_CONFIG_LEN)
		return -ERANGE;
	if (sqe->opcode == ZPCIFD_OP_PCILG)
		return 0;

	for (i = 0; i < ARRAY_SIZE(zpcifd_config_stores); i++) {
		u16 start = zpcifd_config_stores[i].offset;
		u16 end = start + zpcifd_config_stores[i].len;

		if (sqe->offset >= start && sqe->offset + sqe->len <= end)
			return 0;
	}
	return -EACCES;
}

static int zpcifd_policy_check_bar(const struct zpcifd_policy *policy,
				   const struct zpcifd_sqe *sqe)
{
	u32 bar = array_index_nospec(sqe->as, ZPCIFD_NR_BARS);
	const struct zpcifd_window *w = policy->bar[bar];
	u64 offset = sqe->offset, size;
	unsigned int i;

	for (i = 0; i < ZPCIFD_BAR_WINDOWS; i++, w++)
		if (likely(offset >= w->start && offset < w->end &&
			   sqe->len <= w->end - offset))
			return 0;

	size = policy->info->out_bar_size[bar];
	if (offset >= size || sqe->len > size - offset)
		return -ERANGE;
	return -EACCES;
}

static int zpcifd_policy_check_block(const struct zpcifd_policy *policy,
				     const struct zpcifd_sqe *sqe, u32 data_len)
{
	if (unlikely(sqe->len <= policy->min_block || sqe->len > policy->maxstbl))
		return -EINVAL;
	if (unlikely((sqe->offset & (ZPCIFD_STORE_PAGE - 1)) + sqe->len >
		     ZPCIFD_STORE_PAGE))
		return -EINVAL;
	if (unlikely((sqe->offset | sqe->len | sqe->payload) & policy->align_mask))
		return -EINVAL;

	if (unlikely(sqe->payload >= data_len ||
		     sqe->len > data_len - sqe->payload))
		return -EFAULT;
	if (unlikely((sqe->payload & (ZPCIFD_STORE_PAGE - 1)) + sqe->len >
		     ZPCIFD_STORE_PAGE))
		return -EFAULT;
	return 0;
}

/**
 * zpcifd_policy_check - May this descriptor be issued?
 * @policy: What descriptors may touch
 * @sqe: Snapshot of the descriptor
 * @data_len: Length of the ring's data area
 *
 * Return: 0, or the negative errno of its completion: see struct zpcifd_cqe.
 * -EACCES may mean the MSI-X guard, ask zpcifd_policy_guards_msix().
 */
int zpcifd_policy_check(const struct zpcifd_policy *policy,
			const struct zpcifd_sqe *sqe, u32 data_len)
{
	int ret;

	if (unlikely(sqe->__reserved || sqe->flags & ~ZPCIFD_SQE_FLAGS))
		return -EINVAL;

	switch (sqe->opcode) {
	case ZPCIFD_OP_PCILG:
	case ZPCIFD_OP_PCISTG:
		if (sqe->as == ZPCIFD_AS_CONFIG)
			return zpcifd_policy_check_config(sqe);
		if (unlikely(sqe->as >= ZPCIFD_NR_BARS))
			return -EINVAL;
		if (unlikely(!sqe->len || sqe->len > 8 - (sqe->offset & 7)))
			return -EINVAL;
		break;
	case ZPCIFD_OP_PCISTB:
		if (unlikely(sqe->as >= ZPCIFD_NR_BARS))
			return -EINVAL;
		ret = zpcifd_policy_check_block(policy, sqe, data_len);
		if (unlikely(ret))
			return ret;
		break;
	default:
		return -EINVAL;
	}
	return zpcifd_policy_check_bar(policy, sqe);
}
EXPORT_SYMBOL_IF_KUNIT(zpcifd_policy_check);

/**
 * zpcifd_policy_validate_windows - Are a ring's windows well formed?
 * @info: The function
 * @windows: The windows
 * @nr_windows: Their number
 *
 * Return: 0, or -EINVAL
 */
int zpcifd_policy_validate_windows(const struct zpcifd_info *info,
				   const struct zpcifd_ring_window *windows,
				   u32 nr_windows)
{
	u32 i;

	for (i = 0; i < nr_windows; i++) {
		const struct zpcifd_ring_window *w = &windows[i];
		u64 size = 0;

		if (w->as == ZPCIFD_AS_CONFIG)
			size = ZPCIFD_CONFIG_LEN;
		else if (w->as < ZPCIFD_NR_BARS)
			size = info->out_bar_size[w->as];
		if (!w->len || w->offset >= size || w->len > size - w->offset)
			return -EINVAL;
		if (!w->opcodes || w->opcodes & ~ZPCIFD_OPCODES)
			return -EINVAL;
		if (memchr_inv(w->__reserved, 0, sizeof(w->__reserved)))
			return -EINVAL;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(zpcifd_policy_validate_windows);

/**
 * zpcifd_policy_check_windows - May this descriptor be issued on a narrowed ring?
 * @windows: The ring's windows
 * @nr_windows: Their number
 * @sqe: Snapshot of a descriptor that passed zpcifd_policy_check()
 *
 * Return: 0, or -EACCES
 */
int zpcifd_policy_check_windows(const struct zpcifd_ring_window *windows,
				u32 nr_windows, const struct zpcifd_sqe *sqe)
{
	u32 i;

	for (i = 0; i < nr_windows; i++) {
		const struct zpcifd_ring_window *w = &windows[i];
		u64 from = sqe->offset - w->offset;

		if (sqe->as == w->as && w->opcodes & BIT(sqe->opcode) &&
		    from < w->len && sqe->len <= w->len - from)
			return 0;
	}
	return -EACCES;
}
EXPORT_SYMBOL_IF_KUNIT(zpcifd_policy_check_windows);

/**
 * zpcifd_policy_guards_msix - Was a descriptor refused by the MSI-X guard?
 * @policy: What descriptors may touch
 * @sqe: Snapshot of a descriptor that was refused with -EACCES
 * @entry: Set to the first entry of the MSI-X table that it overlaps, ~0 for
 *	the pending bit array
 *
 * Return: whether it overlaps the MSI-X table or the pending bit array
 */
bool zpcifd_policy_guards_msix(const struct zpcifd_policy *policy,
			       const struct zpcifd_sqe *sqe, u32 *entry)
{
	const struct zpcifd_info *info = policy->info;
	u64 table = info->out_msix_table_offset, end = sqe->offset + sqe->len;
	u64 pba = info->out_msix_pba_offset;

	if (sqe->as == info->out_msix_table_bar && end > table &&
	    sqe->offset < table + zpcifd_policy_table_len(info)) {
		*entry = (max(sqe->offset, table) - table) / PCI_MSIX_ENTRY_SIZE;
		return true;
	}
	if (sqe->as == info->out_msix_pba_bar && end > pba &&
	    sqe->offset < pba + zpcifd_policy_pba_len(info)) {
		*entry = ~0U;
		return true;
	}
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(zpcifd_policy_guards_msix);
