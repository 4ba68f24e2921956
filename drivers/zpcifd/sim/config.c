// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space: a type 0 header, an MSI and an MSI-X capability. It is
 * little-endian, and an instruction moves its bytes in their order.
 */
#include <linux/log2.h>
#include <linux/pci_ids.h>
#include <linux/pci_regs.h>
#include <linux/unaligned.h>

#include "sim.h"

#define ZSIM_CAP_MSI	0x40
#define ZSIM_CAP_MSIX	0x60

/* The largest BAR that one 32-bit base address register can hold */
#define ZSIM_MAX_BAR32	SZ_2G

/**
 * zsim_config_msix - Where the MSI-X table and pending bit array are
 * @attrs: The function
 * @bar: Out: the BAR of both: the last one
 * @table: Out: offset of the table: at half of the BAR
 * @pba: Out: offset of the pending bit array: at three quarters of it
 *
 * Of a BAR above 128 KiB only the first 128 KiB count, which are enough for
 * 2048 vectors.
 */
void zsim_config_msix(const struct zsim_attrs *attrs, u8 *bar, u32 *table,
		      u32 *pba)
{
	u32 size;
	int i;

	for (i = ZPCIFD_NR_BARS - 1; i > 0; i--)
		if (attrs->bar_size[i])
			break;
	size = min_t(u64, attrs->bar_size[i], SZ_128K);
	*bar = i;
	*table = size / 2;
	*pba = size / 4 * 3;
}

/* Can config space tell what the function is? */
int zsim_config_check(const struct zsim_attrs *attrs)
{
	u32 table, pba;
	unsigned int i;
	u8 bar;

	for (i = 0; i < ZPCIFD_NR_BARS; i++) {
		if (attrs->bar_size[i] <= ZSIM_MAX_BAR32)
			continue;
		/* A 64-bit BAR takes the next one's register as well */
		if (i + 1 == ZPCIFD_NR_BARS || attrs->bar_size[i + 1])
			return -EINVAL;
	}
	if (attrs->msix) {
		zsim_config_msix(attrs, &bar, &table, &pba);
		if (attrs->msix * PCI_MSIX_ENTRY_SIZE > pba - table)
			return -EINVAL;
	}
	return 0;
}

static void zsim_config_put16(struct zsim_function *fn, unsigned int offset,
			      u16 value, u16 mask)
{
	put_unaligned_le16(value, fn->config + offset);
	put_unaligned_le16(mask, fn->config_mask + offset);
}

static void zsim_config_put32(struct zsim_function *fn, unsigned int offset,
			      u32 value, u32 mask)
{
	put_unaligned_le32(value, fn->config + offset);
	put_unaligned_le32(mask, fn->config_mask + offset);
}

static void zsim_config_reset_bars(struct zsim_function *fn)
{
	unsigned int i, reg;
	u64 size;

	for (i = 0; i < ZPCIFD_NR_BARS; i++) {
		size = fn->attrs.bar_size[i];
		reg = PCI_BASE_ADDRESS_0 + 4 * i;
		if (!size)
			continue;
		if (size <= ZSIM_MAX_BAR32) {
			zsim_config_put32(fn, reg, 0, -size);
			continue;
		}
		zsim_config_put32(fn, reg, PCI_BASE_ADDRESS_MEM_TYPE_64,
				  lower_32_bits(-size));
		zsim_config_put32(fn, reg + 4, 0, upper_32_bits(-size));
		i++;
	}
}

static void zsim_config_reset_msi(struct zsim_function *fn, u8 next)
{
	u16 flags = PCI_MSI_FLAGS_64BIT;

	flags |= ilog2(roundup_pow_of_two(fn->attrs.msi)) << 1;
	fn->config[ZSIM_CAP_MSI + PCI_CAP_LIST_ID] = PCI_CAP_ID_MSI;
	fn->config[ZSIM_CAP_MSI + PCI_CAP_LIST_NEXT] = next;
	zsim_config_put16(fn, ZSIM_CAP_MSI + PCI_MSI_FLAGS, flags,
			  PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
	zsim_config_put32(fn, ZSIM_CAP_MSI + PCI_MSI_ADDRESS_LO, 0, ~3);
	zsim_config_put32(fn, ZSIM_CAP_MSI + PCI_MSI_ADDRESS_HI, 0, ~0);
	zsim_config_put16(fn, ZSIM_CAP_MSI + PCI_MSI_DATA_64, 0, ~0);
}

static void zsim_config_reset_msix(struct zsim_function *fn)
{
	u32 table, pba;
	u8 bar;

	zsim_config_msix(&fn->attrs, &bar, &table, &pba);
	fn->config[ZSIM_CAP_MSIX + PCI_CAP_LIST_ID] = PCI_CAP_ID_MSIX;
	zsim_config_put16(fn, ZSIM_CAP_MSIX + PCI_MSIX_FLAGS,
			  fn->attrs.msix - 1,
			  PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	zsim_config_put32(fn, ZSIM_CAP_MSIX + PCI_MSIX_TABLE, table | bar, 0);
	zsim_config_put32(fn, ZSIM_CAP_MSIX + PCI_MSIX_PBA, pba | bar, 0);
}

/* Memory decoding is on, as the owner finds it; bus mastering is off */
void zsim_config_init(struct zsim_function *fn)
{
	const struct zsim_attrs *attrs = &fn->attrs;

	lockdep_assert_held(&fn->lock);

	memset(fn->config, 0, sizeof(fn->config));
	memset(fn->config_mask, 0, sizeof(fn->config_mask));

	zsim_config_put16(fn, PCI_VENDOR_ID, PCI_VENDOR_ID_IBM, 0);
	zsim_config_put16(fn, PCI_DEVICE_ID, attrs->model->device_id, 0);
	zsim_config_put16(fn, PCI_COMMAND, PCI_COMMAND_MEMORY,
			  PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
			  PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
			  PCI_COMMAND_INTX_DISABLE);
	zsim_config_put16(fn, PCI_SUBSYSTEM_VENDOR_ID, PCI_VENDOR_ID_IBM, 0);
	zsim_config_put16(fn, PCI_SUBSYSTEM_ID, attrs->model->device_id, 0);
	fn->config_mask[PCI_CACHE_LINE_SIZE] = 0xff;
	fn->config_mask[PCI_INTERRUPT_LINE] = 0xff;
	zsim_config_reset_bars(fn);

	if (attrs->msi || attrs->msix) {
		zsim_config_put16(fn, PCI_STATUS, PCI_STATUS_CAP_LIST, 0);
		fn->config[PCI_CAPABILITY_LIST] =
			attrs->msi ? ZSIM_CAP_MSI : ZSIM_CAP_MSIX;
	}
	if (attrs->msi)
		zsim_config_reset_msi(fn, attrs->msix ? ZSIM_CAP_MSIX : 0);
	if (attrs->msix)
		zsim_config_reset_msix(fn);
}

/* What is the kernel's stays: bus mastering and interrupts */
void zsim_config_reset(struct zsim_function *fn)
{
	static const struct {
		u8 offset;
		u8 mask;
	} keep[] = {
		{ PCI_COMMAND, PCI_COMMAND_MASTER },
		{ ZSIM_CAP_MSI + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE },
		{ ZSIM_CAP_MSIX + PCI_MSIX_FLAGS + 1,
		  PCI_MSIX_FLAGS_ENABLE >> 8 },
	};
	u8 old[ARRAY_SIZE(keep)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(keep); i++)
		old[i] = fn->config[keep[i].offset] & keep[i].mask;
	zsim_config_init(fn);
	for (i = 0; i < ARRAY_SIZE(keep); i++)
		fn->config[keep[i].offset] |= old[i];
}

void zsim_config_load(struct zsim_function *fn, u64 offset, u32 len, u8 *bytes)
{
	lockdep_assert_held(&fn->lock);

	memcpy(bytes, fn->config + offset, len);
}

void zsim_config_store(struct zsim_function *fn, u64 offset, u32 len,
		       const u8 *bytes)
{
	u64 i;
	u8 mask;

	lockdep_assert_held(&fn->lock);

	for (i = offset; i < offset + len && i < ZSIM_CONFIG_WRITABLE; i++) {
		mask = fn->config_mask[i];
		fn->config[i] = (fn->config[i] & ~mask) |
				(bytes[i - offset] & mask);
	}
}

/* May the function use DMA? */
bool zsim_config_masters(struct zsim_function *fn)
{
	lockdep_assert_held(&fn->lock);

	return fn->config[PCI_COMMAND] & PCI_COMMAND_MASTER;
}

void zsim_config_set_master(struct zsim_function *fn, bool on)
{
	lockdep_assert_held(&fn->lock);

	fn->config[PCI_COMMAND] &= ~PCI_COMMAND_MASTER;
	if (on)
		fn->config[PCI_COMMAND] |= PCI_COMMAND_MASTER;
}

void zsim_config_set_irq(struct zsim_function *fn, u32 type, bool on)
{
	u8 *flags = fn->config + ZSIM_CAP_MSI + PCI_MSI_FLAGS;
	u8 mask = PCI_MSI_FLAGS_ENABLE;

	lockdep_assert_held(&fn->lock);

	if (type == ZPCIFD_IRQ_MSIX) {
		flags = fn->config + ZSIM_CAP_MSIX + PCI_MSIX_FLAGS + 1;
		mask = PCI_MSIX_FLAGS_ENABLE >> 8;
	}
	*flags &= ~mask;
	if (on)
		*flags |= mask;
}
