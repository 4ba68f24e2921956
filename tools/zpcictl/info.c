// SPDX-License-Identifier: GPL-2.0
/*
 * zpctl info
 */
#include <stdio.h>
#include <string.h>

#include <zpcifd_vmm.h>

#include "out.h"
#include "zpctl.h"

/*
 * EBCDIC: letters and digits, each run with the code that it starts at, and
 * what else names use. The C library's iconv is no help to a static program.
 */
static char from_ebcdic(uint8_t c)
{
	static const struct {
		uint8_t code;
		const char *chars;
	} runs[] = {
		{ 0x40, " " }, { 0x4b, "." }, { 0x4e, "+" }, { 0x60, "-/" },
		{ 0x6b, ",%_" }, { 0x7a, ":#@" }, { 0x81, "abcdefghi" },
		{ 0x91, "jklmnopqr" }, { 0xa2, "stuvwxyz" },
		{ 0xc1, "ABCDEFGHI" }, { 0xd1, "JKLMNOPQR" },
		{ 0xe2, "STUVWXYZ" }, { 0xf0, "0123456789" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(runs); i++)
		if (c >= runs[i].code && c < runs[i].code + strlen(runs[i].chars))
			return runs[i].chars[c - runs[i].code];
	return '?';
}

static void util_str_out(struct out *o, const struct zpcifd_info *i)
{
	char s[sizeof(i->out_util_str) + 1];
	size_t n = 0;

	while (n < sizeof(i->out_util_str) && i->out_util_str[n]) {
		s[n] = from_ebcdic(i->out_util_str[n]);
		n++;
	}
	while (n && s[n - 1] == ' ')
		n--;
	s[n] = 0;
	out_string(o, "util_str", "Utility string", s);
}

static void identity_out(struct out *o, const struct zpcifd_info *i)
{
	char pfip[16];

	out_group(o, "identity", "Identity");
	out_hex(o, "fid", "Function ID", i->out_fid, 8);
	out_hex(o, "uid", "User-defined ID (0: none)", i->out_uid, 1);
	out_hex(o, "pchid", "Physical channel ID", i->out_pchid, 4);
	out_hex(o, "vfn", "Virtual function number", i->out_vfn, 4);
	out_hex(o, "pft", "PCI function type (5: ISM)", i->out_pft, 2);
	out_hex(o, "pfgid", "PCI function group ID", i->out_pfgid, 2);
	out_number(o, "port", "Port", i->out_port);
	out_hex(o, "fidparm", "FID parameters", i->out_fidparm, 2);
	snprintf(pfip, sizeof(pfip), "%02x.%02x.%02x.%02x", i->out_pfip[0],
		 i->out_pfip[1], i->out_pfip[2], i->out_pfip[3]);
	out_string(o, "pfip", "Internal path", pfip);
	if (i->out_features & ZPCIFD_FEATURE_UTIL_STR)
		util_str_out(o, i);
	out_bool(o, "simulated", "Simulated",
		 i->out_features & ZPCIFD_FEATURE_SIM);
	out_close(o);
}

static void instructions_out(struct out *o, const struct zpcifd_info *i)
{
	out_group(o, "instructions", "Instructions");
	out_bool(o, "pcilg", "PCILG", i->out_opcodes & 1U << ZPCIFD_OP_PCILG);
	out_bool(o, "pcistg", "PCISTG", i->out_opcodes & 1U << ZPCIFD_OP_PCISTG);
	out_bool(o, "pcistb", "PCISTB", i->out_opcodes & 1U << ZPCIFD_OP_PCISTB);
	out_bytes(o, "maxstbl", "Longest PCISTB", i->out_maxstbl);
	out_bool(o, "relaxed", "Relaxed alignment of PCISTB",
		 i->out_features & ZPCIFD_FEATURE_RELAXED);
	out_bool(o, "mio", "Has MIO (never used here)",
		 i->out_features & ZPCIFD_FEATURE_MIO);
	out_hex(o, "version", "Version of the group", i->out_version, 2);
	out_close(o);
}

static void path_out(struct out *o, const struct zpcifd_info *i)
{
	const char *reason;
	enum zpcifd_path path = zpcifd_route(i, &reason);

	out_group(o, "path", "Path to a program or a guest");
	out_string(o, "route", "Answer", zpcifd_path_str(path));
	out_string(o, "reason", "Reason", reason);
	out_close(o);
}

static void bars_out(struct out *o, const struct zpcifd_info *i)
{
	int bar;

	out_group(o, "bars", "BARs");
	for (bar = 0; bar < ZPCIFD_NR_BARS; bar++) {
		char key[8], label[8];

		if (!i->out_bar_size[bar])
			continue;
		snprintf(key, sizeof(key), "bar%d", bar);
		snprintf(label, sizeof(label), "BAR %d", bar);
		out_bytes(o, key, label, i->out_bar_size[bar]);
	}
	out_close(o);
}

static void dma_out(struct out *o, const struct zpcifd_info *i)
{
	out_group(o, "dma", "DMA");
	out_hex(o, "start", "First address", i->out_start_dma, 16);
	out_hex(o, "end", "Last address", i->out_end_dma, 16);
	out_hex(o, "mask", "Address space mask", i->out_dma_mask, 16);
	out_hex(o, "dtsm", "Designation types", i->out_dtsm, 2);
	out_hex(o, "pgsize_bitmap", "Page sizes (0: not attached)",
		i->out_pgsize_bitmap, 1);
	out_bool(o, "rtr", "Relaxed translation",
		 i->out_features & ZPCIFD_FEATURE_RTR);
	out_close(o);
}

static void interrupts_out(struct out *o, const struct zpcifd_info *i)
{
	out_group(o, "interrupts", "Interrupts");
	out_number(o, "max_msi", "Interrupts of the function", i->out_max_msi);
	out_hex(o, "msi_addr", "MSI address", i->out_msi_addr, 16);
	if (i->out_features & ZPCIFD_FEATURE_MSI)
		out_number(o, "msi_vectors", "MSI vectors", i->out_msi_vectors);
	if (i->out_features & ZPCIFD_FEATURE_MSIX) {
		out_number(o, "msix_vectors", "MSI-X vectors", i->out_msix_vectors);
		out_number(o, "msix_table_bar", "MSI-X table: BAR",
			   i->out_msix_table_bar);
		out_hex(o, "msix_table_offset", "MSI-X table: offset",
			i->out_msix_table_offset, 1);
		out_number(o, "msix_pba_bar", "MSI-X pending bits: BAR",
			   i->out_msix_pba_bar);
		out_hex(o, "msix_pba_offset", "MSI-X pending bits: offset",
			i->out_msix_pba_offset, 1);
	}
	out_close(o);
}

static void rest_out(struct out *o, const struct zpcifd_info *i)
{
	out_group(o, "measurement", "Function measurement block");
	out_number(o, "update_ms", "Update interval in ms", i->out_fmb_update);
	out_bytes(o, "length", "Length", i->out_fmb_length);
	out_close(o);

	out_group(o, "relay", "Limits of the relay");
	out_number(o, "max_sq_entries", "Submission queue entries",
		   i->out_max_sq_entries);
	out_number(o, "max_cq_entries", "Completion queue entries",
		   i->out_max_cq_entries);
	out_bytes(o, "max_data_len", "Data area of a ring", i->out_max_data_len);
	out_number(o, "max_chain", "Descriptors in a chain", i->out_max_chain);
	out_close(o);
}

int cmd_info(char **args, const struct options *opt)
{
	const struct zpcifd_info *i;
	struct zpcifd *f;
	struct out o;

	if (zpcifd_open(args[0], &f))
		return fail("%s", zpcifd_strerror(NULL));
	i = zpcifd_info(f);
	out_begin(&o, opt->json, false);
	out_string(&o, "name", "Name", zpcifd_name(f));
	identity_out(&o, i);
	instructions_out(&o, i);
	path_out(&o, i);
	bars_out(&o, i);
	dma_out(&o, i);
	interrupts_out(&o, i);
	rest_out(&o, i);
	out_end(&o);
	zpcifd_close(f);
	return ZPCTL_OK;
}
