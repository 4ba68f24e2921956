// SPDX-License-Identifier: GPL-2.0
/*
 * Config space in words. Its bytes are a function's and may be anything.
 */
#include <stdio.h>
#include <string.h>
#include <linux/pci_regs.h>

#include "out.h"
#include "zpctl.h"

#define HEADER_LEN 0x40
#define VENDOR_VIRTIO 0x1af4

struct name {
	unsigned int value;
	const char *name;
};

static const struct name cap_names[] = {
	{ PCI_CAP_ID_PM, "power management" },
	{ PCI_CAP_ID_AGP, "AGP" },
	{ PCI_CAP_ID_VPD, "vital product data" },
	{ PCI_CAP_ID_SLOTID, "slot" },
	{ PCI_CAP_ID_MSI, "MSI" },
	{ PCI_CAP_ID_CHSWP, "CompactPCI hot swap" },
	{ PCI_CAP_ID_PCIX, "PCI-X" },
	{ PCI_CAP_ID_HT, "HyperTransport" },
	{ PCI_CAP_ID_VNDR, "vendor specific" },
	{ PCI_CAP_ID_DBG, "debug port" },
	{ PCI_CAP_ID_SHPC, "hot plug" },
	{ PCI_CAP_ID_SSVID, "bridge subsystem" },
	{ PCI_CAP_ID_EXP, "PCI Express" },
	{ PCI_CAP_ID_MSIX, "MSI-X" },
	{ PCI_CAP_ID_SATA, "SATA" },
	{ PCI_CAP_ID_AF, "advanced features" },
	{ PCI_CAP_ID_EA, "enhanced allocation" },
};

static const struct name ext_cap_names[] = {
	{ PCI_EXT_CAP_ID_ERR, "advanced error reporting" },
	{ PCI_EXT_CAP_ID_VC, "virtual channel" },
	{ PCI_EXT_CAP_ID_DSN, "serial number" },
	{ PCI_EXT_CAP_ID_VNDR, "vendor specific" },
	{ PCI_EXT_CAP_ID_ACS, "access control" },
	{ PCI_EXT_CAP_ID_ARI, "alternative routing ID" },
	{ PCI_EXT_CAP_ID_ATS, "address translation" },
	{ PCI_EXT_CAP_ID_SRIOV, "SR-IOV" },
	{ PCI_EXT_CAP_ID_PRI, "page request" },
	{ PCI_EXT_CAP_ID_REBAR, "resizable BAR" },
	{ PCI_EXT_CAP_ID_TPH, "TLP processing hints" },
	{ PCI_EXT_CAP_ID_LTR, "latency tolerance" },
	{ PCI_EXT_CAP_ID_SECPCI, "secondary PCI Express" },
	{ PCI_EXT_CAP_ID_PASID, "PASID" },
};

static const struct name class_names[] = {
	{ 0x00, "unclassified" }, { 0x01, "storage" }, { 0x02, "network" },
	{ 0x03, "display" }, { 0x04, "multimedia" }, { 0x05, "memory" },
	{ 0x06, "bridge" }, { 0x07, "communication" }, { 0x08, "system" },
	{ 0x09, "input" }, { 0x0a, "docking station" }, { 0x0b, "processor" },
	{ 0x0c, "serial bus" }, { 0x0d, "wireless" }, { 0x0e, "intelligent" },
	{ 0x0f, "satellite" }, { 0x10, "encryption" },
	{ 0x11, "signal processing" }, { 0x12, "accelerator" },
	{ 0x13, "instrumentation" }, { 0xff, "of no class" },
};

static const struct name command_bits[] = {
	{ PCI_COMMAND_IO, "I/O" },
	{ PCI_COMMAND_MEMORY, "memory" },
	{ PCI_COMMAND_MASTER, "bus master" },
	{ PCI_COMMAND_PARITY, "parity" },
	{ PCI_COMMAND_SERR, "SERR" },
	{ PCI_COMMAND_INTX_DISABLE, "no INTx" },
};

static const struct name status_bits[] = {
	{ PCI_STATUS_INTERRUPT, "INTx pending" },
	{ PCI_STATUS_CAP_LIST, "capabilities" },
	{ PCI_STATUS_PARITY, "data parity error" },
	{ PCI_STATUS_SIG_TARGET_ABORT, "signaled target abort" },
	{ PCI_STATUS_REC_TARGET_ABORT, "received target abort" },
	{ PCI_STATUS_REC_MASTER_ABORT, "received master abort" },
	{ PCI_STATUS_SIG_SYSTEM_ERROR, "signaled system error" },
	{ PCI_STATUS_DETECTED_PARITY, "parity error" },
};

static const char *name_of(const struct name *names, size_t nr,
			   unsigned int value)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (names[i].value == value)
			return names[i].name;
	return "not known to zpctl";
}

static uint16_t le16(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
	return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static void bits_out(struct out *o, const char *key, const char *label,
		     unsigned int value, const struct name *names, size_t nr)
{
	char s[192];
	size_t i, n;

	if (o->json) {
		out_hex(o, key, label, value, 4);
		return;
	}
	n = snprintf(s, sizeof(s), "0x%04x", value);
	for (i = 0; i < nr; i++)
		if (value & names[i].value && n < sizeof(s))
			n += snprintf(s + n, sizeof(s) - n, ", %s", names[i].name);
	out_string(o, key, label, s);
}

static void bar_out(struct out *o, const uint8_t *c, int bar, uint64_t size)
{
	uint64_t value = le32(c + PCI_BASE_ADDRESS_0 + 4 * bar);
	unsigned int type = value & PCI_BASE_ADDRESS_MEM_TYPE_MASK;
	bool io = value & PCI_BASE_ADDRESS_SPACE_IO;
	bool wide = !io && type == PCI_BASE_ADDRESS_MEM_TYPE_64 &&
		    bar < ZPCIFD_NR_BARS - 1;

	if (wide)
		value |= (uint64_t)le32(c + PCI_BASE_ADDRESS_0 + 4 * bar + 4) << 32;
	out_group(o, NULL, "BAR %d", bar);
	if (o->json)
		out_number(o, "bar", NULL, bar);
	out_bytes(o, "size", "Size", size);
	out_string(o, "space", "Space", io ? "I/O" : "memory");
	if (io) {
		out_hex(o, "address", "Address", value & PCI_BASE_ADDRESS_IO_MASK, 4);
	} else {
		out_number(o, "bits", "Bits", wide ? 64 : 32);
		out_bool(o, "prefetchable", "Prefetchable",
			 value & PCI_BASE_ADDRESS_MEM_PREFETCH);
		out_hex(o, "address", "Address", value & PCI_BASE_ADDRESS_MEM_MASK,
			wide ? 16 : 8);
	}
	out_close(o);
}

static void header_out(struct out *o, const uint8_t *c)
{
	unsigned int type = c[PCI_HEADER_TYPE] & 0x7f;

	out_group(o, "header", "Header");
	out_hex(o, "vendor", "Vendor ID", le16(c + PCI_VENDOR_ID), 4);
	out_hex(o, "device", "Device ID", le16(c + PCI_DEVICE_ID), 4);
	bits_out(o, "command", "Command", le16(c + PCI_COMMAND), command_bits,
		 ARRAY_SIZE(command_bits));
	bits_out(o, "status", "Status", le16(c + PCI_STATUS), status_bits,
		 ARRAY_SIZE(status_bits));
	out_hex(o, "class", "Class", le32(c + PCI_CLASS_REVISION) >> 8, 6);
	out_string(o, "class_name", "Class in words",
		   name_of(class_names, ARRAY_SIZE(class_names), c[PCI_CLASS_REVISION + 3]));
	out_hex(o, "revision", "Revision", c[PCI_REVISION_ID], 2);
	out_hex(o, "header_type", "Header type", c[PCI_HEADER_TYPE], 2);
	if (type == PCI_HEADER_TYPE_NORMAL) {
		out_hex(o, "subsystem_vendor", "Subsystem vendor ID",
			le16(c + PCI_SUBSYSTEM_VENDOR_ID), 4);
		out_hex(o, "subsystem", "Subsystem ID", le16(c + PCI_SUBSYSTEM_ID), 4);
	}
	out_number(o, "interrupt_pin", "Interrupt pin", c[PCI_INTERRUPT_PIN]);
	out_close(o);
}

/* A BAR of zeros may be there or not: only the kernel's sizes tell */
static void bars_out(struct out *o, const uint8_t *c, const __u64 *bar_size)
{
	int bar;

	out_array(o, "bars");
	for (bar = 0; bar < ZPCIFD_NR_BARS; bar++)
		if (bar_size[bar])
			bar_out(o, c, bar, bar_size[bar]);
	out_array_close(o);
}

static void msi_out(struct out *o, const uint8_t *cap)
{
	uint16_t flags = le16(cap + PCI_MSI_FLAGS);

	out_bool(o, "enabled", "Enabled", flags & PCI_MSI_FLAGS_ENABLE);
	out_number(o, "vectors", "Vectors", 1U << ((flags & PCI_MSI_FLAGS_QMASK) >> 1));
	out_bool(o, "wide", "64 bit addresses", flags & PCI_MSI_FLAGS_64BIT);
	out_bool(o, "maskable", "Maskable", flags & PCI_MSI_FLAGS_MASKBIT);
}

static void msix_out(struct out *o, const uint8_t *cap)
{
	uint16_t flags = le16(cap + PCI_MSIX_FLAGS);
	uint32_t table = le32(cap + PCI_MSIX_TABLE);
	uint32_t pba = le32(cap + PCI_MSIX_PBA);

	out_bool(o, "enabled", "Enabled", flags & PCI_MSIX_FLAGS_ENABLE);
	out_number(o, "vectors", "Vectors", (flags & PCI_MSIX_FLAGS_QSIZE) + 1);
	out_number(o, "table_bar", "Table: BAR", table & PCI_MSIX_TABLE_BIR);
	out_hex(o, "table_offset", "Table: offset", table & PCI_MSIX_TABLE_OFFSET, 1);
	out_number(o, "pba_bar", "Pending bits: BAR", pba & PCI_MSIX_PBA_BIR);
	out_hex(o, "pba_offset", "Pending bits: offset", pba & PCI_MSIX_PBA_OFFSET, 1);
}

static void virtio_out(struct out *o, const uint8_t *cap)
{
	static const struct name types[] = {
		{ 1, "common configuration" }, { 2, "notifications" },
		{ 3, "interrupt status" }, { 4, "device configuration" },
		{ 5, "access through config space" }, { 8, "shared memory" },
		{ 9, "vendor data" },
	};

	out_string(o, "virtio", "Virtio structure",
		   name_of(types, ARRAY_SIZE(types), cap[3]));
	out_number(o, "bar", "BAR", cap[4]);
	out_hex(o, "offset", "Offset", le32(cap + 8), 1);
	out_bytes(o, "length", "Length", le32(cap + 12));
}

static void cap_out(struct out *o, const uint8_t *c, size_t pos)
{
	const char *name = name_of(cap_names, ARRAY_SIZE(cap_names), c[pos]);
	uint8_t cap[16] = { 0 };

	/* The last ones may be cut by the end of what was read */
	memcpy(cap, c + pos, 256 - pos < sizeof(cap) ? 256 - pos : sizeof(cap));
	out_group(o, NULL, "Capability at 0x%02zx: %s", pos, name);
	if (o->json) {
		out_number(o, "position", NULL, pos);
		out_string(o, "name", NULL, name);
	}
	out_hex(o, "id", "ID", c[pos], 2);
	if (cap[0] == PCI_CAP_ID_MSI)
		msi_out(o, cap);
	else if (cap[0] == PCI_CAP_ID_MSIX)
		msix_out(o, cap);
	else if (cap[0] == PCI_CAP_ID_VNDR && le16(c) == VENDOR_VIRTIO)
		virtio_out(o, cap);
	out_close(o);
}

static void caps_out(struct out *o, const uint8_t *c)
{
	bool seen[256] = { false };
	uint8_t pos = c[PCI_CAPABILITY_LIST] & ~3;

	out_array(o, "capabilities");
	if (le16(c + PCI_STATUS) & PCI_STATUS_CAP_LIST) {
		while (pos >= HEADER_LEN && !seen[pos]) {
			seen[pos] = true;
			cap_out(o, c, pos);
			pos = c[pos + PCI_CAP_LIST_NEXT] & ~3;
		}
	}
	out_array_close(o);
}

static void ext_caps_out(struct out *o, const uint8_t *c)
{
	bool seen[4096] = { false };
	unsigned int pos = 256;

	out_array(o, "extended_capabilities");
	while (pos >= 256 && !seen[pos]) {
		uint32_t head = le32(c + pos);
		const char *name;

		/* Zero ends the list, ones say that there is no extended space */
		if (!head || head == ~0U)
			break;
		seen[pos] = true;
		name = name_of(ext_cap_names, ARRAY_SIZE(ext_cap_names),
			       PCI_EXT_CAP_ID(head));
		out_group(o, NULL, "Extended capability at 0x%03x: %s", pos, name);
		if (o->json) {
			out_number(o, "position", NULL, pos);
			out_string(o, "name", NULL, name);
		}
		out_hex(o, "id", "ID", PCI_EXT_CAP_ID(head), 4);
		out_number(o, "version", "Version", PCI_EXT_CAP_VER(head));
		out_close(o);
		pos = PCI_EXT_CAP_NEXT(head);
	}
	out_array_close(o);
}

/**
 * config_decode - Print config space in words
 * @o: Where to
 * @c: Its bytes
 * @len: 256, or 4096 with the extended config space
 * @bar_size: Size of each BAR, see &struct zpcifd_info.out_bar_size
 */
void config_decode(struct out *o, const uint8_t *c, size_t len,
		   const __u64 *bar_size)
{
	header_out(o, c);
	bars_out(o, c, bar_size);
	caps_out(o, c);
	if (len > 256)
		ext_caps_out(o, c);
}
