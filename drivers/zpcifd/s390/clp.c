// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the platform tells of a function and its group, by Call Logical
 * Processor. The kernel keeps most of it in struct zpci_dev, but not all, and
 * older kernels keep less. Asking again gives the same answer on all of them.
 */
#include <linux/cleanup.h>
#include <linux/gfp.h>
#include <asm/asm-extable.h>
#include <asm/clp.h>

#include "s390.h"

enum {
	ZPCIFD_CLP_QUERY_FUNCTION = 3,
	ZPCIFD_CLP_QUERY_GROUP = 4,
};

struct zpcifd_clp_hdr {
	u16 len;
	u16 code;	/* Command, or response code */
	u32 format;
	u64 reserved;
};

/* Both queries ask the same way: by function handle or by group ID */
struct zpcifd_clp_request {
	struct zpcifd_clp_hdr hdr;
	u32 id;
	u32 reserved;
	u64 reserved2;
};

struct zpcifd_clp_function {
	struct zpcifd_clp_hdr hdr;
	u16 vfn;
	u8 flags;
	u8 pfgid;
	u32 fid;
	u8 bar_size[ZPCIFD_NR_BARS];	/* Order, 0 for none */
	u16 pchid;
	__le32 bar[ZPCIFD_NR_BARS];
	u8 pfip[4];
	u8 fidparm;
	u8 port;
	u8 fmb_len;			/* In words */
	u8 pft;
	u64 start_dma;
	u64 end_dma;
	u32 reserved[11];
	u32 uid;
	u8 util_str[64];
	u32 reserved2[16];
	u8 mio[128];
};

#define ZPCIFD_CLP_FUNCTION_MIO		0x02
#define ZPCIFD_CLP_FUNCTION_UTIL_STR	0x01
#define ZPCIFD_CLP_FUNCTION_PORT	0x0f

struct zpcifd_clp_group {
	struct zpcifd_clp_hdr hdr;
	u16 noi;
	u8 version;
	u8 flags;
	u16 maxstbl;
	u16 fmb_update;
	u8 dtsm;
	u8 reserved[7];
	u64 dma_mask;
	u64 msi_addr;
	u64 reserved2[2];
};

#define ZPCIFD_CLP_GROUP_NOI		0x0fff
#define ZPCIFD_CLP_GROUP_RTR		0x20
#define ZPCIFD_CLP_GROUP_RELAXED	0x08
#define ZPCIFD_CLP_GROUP_MAXSTBL	0x1fff

/* Request and response share a page, the response follows the request */
struct zpcifd_clp_block {
	struct zpcifd_clp_request request;
	union {
		struct zpcifd_clp_hdr response;
		struct zpcifd_clp_function function;
		struct zpcifd_clp_group group;
	};
};

static_assert(sizeof(struct zpcifd_clp_request) == 32);
static_assert(offsetof(struct zpcifd_clp_function, start_dma) == 64);
static_assert(offsetof(struct zpcifd_clp_function, uid) == 124);
static_assert(sizeof(struct zpcifd_clp_function) == 384);
static_assert(offsetof(struct zpcifd_clp_group, dma_mask) == 32);
static_assert(sizeof(struct zpcifd_clp_group) == 64);
static_assert(sizeof(struct zpcifd_clp_block) <= CLP_BLK_SIZE);

DEFINE_FREE(zpcifd_clp, struct zpcifd_clp_block *, free_page((unsigned long)_T))

static int zpcifd_clp(struct zpcifd_clp_block *block, u16 command, u32 id,
		      u16 response_len)
{
	struct { u8 bytes[CLP_BLK_SIZE]; } *all = (void *)block;
	int cc = -ENXIO;
	u64 ignored;

	memset(block, 0, CLP_BLK_SIZE);
	block->request.hdr.len = sizeof(block->request);
	block->request.hdr.code = command;
	block->request.id = id;
	block->response.len = response_len;

	asm volatile("	.insn	rrf,0xb9a00000,%[ignored],%[block],0,%[lps]\n"
		     "0:	ipm	%[cc]\n"
		     "	srl	%[cc],28\n"
		     "1:\n"
		     EX_TABLE(0b, 1b)
		     : [cc] "+d" (cc), [ignored] "=&d" (ignored), "+m" (*all)
		     : [block] "a" (all), [lps] "i" (CLP_LPS_PCI)
		     : "cc");
	if (cc < 0)
		return cc;
	return cc || block->response.code != CLP_RC_OK ? -EIO : 0;
}

/**
 * zpcifd_s390_query - Ask the platform about a function
 * @fh: Function handle
 * @info: The items of CLP query function and CLP query group are filled in
 *
 * Return: 0; -EIO when the platform does not answer, -ENXIO when it does not
 * know the instruction, -ENOMEM
 */
int zpcifd_s390_query(u32 fh, struct zpcifd_info *info)
{
	struct zpcifd_clp_block *block __free(zpcifd_clp) =
		(void *)__get_free_page(GFP_KERNEL);
	unsigned int i;
	int ret;

	if (!block)
		return -ENOMEM;

	ret = zpcifd_clp(block, ZPCIFD_CLP_QUERY_FUNCTION, fh,
			 sizeof(block->function));
	if (ret)
		return ret;
	if (block->function.flags & ZPCIFD_CLP_FUNCTION_MIO)
		info->out_features |= ZPCIFD_FEATURE_MIO;
	if (block->function.flags & ZPCIFD_CLP_FUNCTION_UTIL_STR) {
		info->out_features |= ZPCIFD_FEATURE_UTIL_STR;
		memcpy(info->out_util_str, block->function.util_str,
		       sizeof(info->out_util_str));
	}
	info->out_fid = block->function.fid;
	info->out_uid = block->function.uid;
	info->out_pchid = block->function.pchid;
	info->out_vfn = block->function.vfn;
	info->out_fmb_length = block->function.fmb_len * sizeof(u32);
	info->out_pft = block->function.pft;
	info->out_pfgid = block->function.pfgid;
	info->out_port = block->function.port & ZPCIFD_CLP_FUNCTION_PORT;
	info->out_fidparm = block->function.fidparm;
	memcpy(info->out_pfip, block->function.pfip, sizeof(info->out_pfip));
	for (i = 0; i < ZPCIFD_NR_BARS; i++)
		if (block->function.bar_size[i])
			info->out_bar_size[i] = 1ULL << block->function.bar_size[i];

	ret = zpcifd_clp(block, ZPCIFD_CLP_QUERY_GROUP, info->out_pfgid,
			 sizeof(block->group));
	if (ret)
		return ret;
	if (block->group.flags & ZPCIFD_CLP_GROUP_RTR)
		info->out_features |= ZPCIFD_FEATURE_RTR;
	if (block->group.flags & ZPCIFD_CLP_GROUP_RELAXED)
		info->out_features |= ZPCIFD_FEATURE_RELAXED;
	info->out_maxstbl = block->group.maxstbl & ZPCIFD_CLP_GROUP_MAXSTBL;
	info->out_max_msi = block->group.noi & ZPCIFD_CLP_GROUP_NOI;
	info->out_fmb_update = block->group.fmb_update;
	info->out_dtsm = block->group.dtsm;
	info->out_version = block->group.version;
	info->out_dma_mask = block->group.dma_mask;
	info->out_msi_addr = block->group.msi_addr;
	return 0;
}
