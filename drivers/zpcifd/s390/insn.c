// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI instructions in their function handle form, exactly as asked for:
 * one instruction for one call, its condition code and status untouched. The
 * kernel's own wrappers fold and repeat, and its accessors may choose the MIO
 * form, so none of them is used here.
 *
 * This is the relay's hot path.
 */
#include <asm/asm-extable.h>

#include "s390.h"

/*
 * The condition code comes out of the asm by ipm and srl, which a program
 * check skips: that leaves -ENXIO in cc. All program checks of these
 * instructions suppress them, so the exception is reported at the instruction
 * that follows, label 0.
 */
#define ZPCIFD_INSN_CC			\
	"0:	ipm	%[cc]\n"	\
	"	srl	%[cc],28\n"	\
	"1:\n"				\
	EX_TABLE(0b, 1b)

static __always_inline int zpcifd_pcilg(u64 *data, u64 *req, u64 offset)
{
	union register_pair req_off = { .even = *req, .odd = offset };
	u64 loaded = 0;
	int cc = -ENXIO;

	asm volatile("	.insn	rre,0xb9d20000,%[data],%[req_off]\n"
		     ZPCIFD_INSN_CC
		     : [cc] "+d" (cc), [data] "+d" (loaded),
		       [req_off] "+&d" (req_off.pair)
		     :
		     : "cc");
	*req = req_off.even;
	*data = loaded;
	return cc;
}

static __always_inline int zpcifd_pcistg(u64 data, u64 *req, u64 offset)
{
	union register_pair req_off = { .even = *req, .odd = offset };
	int cc = -ENXIO;

	asm volatile("	.insn	rre,0xb9d00000,%[data],%[req_off]\n"
		     ZPCIFD_INSN_CC
		     : [cc] "+d" (cc), [req_off] "+&d" (req_off.pair)
		     : [data] "d" (data)
		     : "cc");
	*req = req_off.even;
	return cc;
}

static __always_inline int zpcifd_pcistb(const void *block, u64 *req, u64 offset)
{
	/* What the instruction may read, for the compiler to know */
	const struct { u8 bytes[PAGE_SIZE]; } *from = block;
	int cc = -ENXIO;

	asm volatile("	.insn	rsy,0xeb00000000d0,%[req],%[offset],%[from]\n"
		     ZPCIFD_INSN_CC
		     : [cc] "+d" (cc), [req] "+d" (*req)
		     : [offset] "d" (offset), [from] "Q" (*from)
		     : "cc");
	return cc;
}

/**
 * zpcifd_s390_issue - Issue one instruction
 * @zd: The function
 * @insn: The instruction; condition code, status and loaded data are stored
 *	to it
 *
 * A function handle that has become stale in the meantime does no harm: the
 * instruction answers with condition code 3.
 *
 * Return: 0, or -ENXIO for a program check
 */
int zpcifd_s390_issue(struct zpcifd_device *zd, struct zpcifd_insn *insn)
{
	struct zpcifd_s390 *zf = container_of(zd, struct zpcifd_s390, zd);
	u64 req = (u64)READ_ONCE(zf->zdev->fh) << 32 | insn->as << 16 | insn->len;
	int cc;

	switch (insn->opcode) {
	case ZPCIFD_OP_PCILG:
		cc = zpcifd_pcilg(&insn->data, &req, insn->offset);
		break;
	case ZPCIFD_OP_PCISTG:
		cc = zpcifd_pcistg(insn->data, &req, insn->offset);
		break;
	default:
		cc = zpcifd_pcistb(insn->block, &req, insn->offset);
		break;
	}
	if (unlikely(cc < 0))
		return cc;
	insn->cc = cc;
	insn->status = req >> 24 & 0xff;
	return 0;
}
