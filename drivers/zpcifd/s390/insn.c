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

/* The request operand, with the function's handle of this moment */
static __always_inline u64 zpcifd_s390_req(struct zpcifd_device *zd, u64 req)
{
	struct zpcifd_s390 *zf = container_of(zd, struct zpcifd_s390, zd);

	/* A stale handle does no harm: the answer is condition code 3 */
	return (u64)READ_ONCE(zf->zdev->fh) << 32 | req;
}

static __always_inline long zpcifd_s390_result(int cc, u64 req)
{
	u8 status = req >> 24;

	if (likely(!cc))
		return zpcifd_result(0, status);
	return cc > 0 ? zpcifd_result(cc, status) : cc;
}

/*
 * The even register of a pair has the request operand, the odd one the offset.
 * Both arrive in this very pair, where a variable of the pair's type keeps them.
 */
#define ZPCIFD_PAIR asm("4")

static __always_inline unsigned __int128 zpcifd_s390_pair(u64 req, u64 offset)
{
	return (unsigned __int128)req << 64 | offset;
}

/**
 * zpcifd_s390_pcilg - PCI Load
 * @zd: The function
 * @data: Set to the number loaded
 * @req: Address space and length, see zpcifd_req()
 * @offset: Offset in the address space
 *
 * Return: see &zpcifd_ops.pcilg
 */
long zpcifd_s390_pcilg(struct zpcifd_device *zd, u64 *data, u64 req, u64 offset)
{
	register unsigned __int128 pair ZPCIFD_PAIR =
		zpcifd_s390_pair(zpcifd_s390_req(zd, req), offset);
	u64 loaded = 0;
	int cc = -ENXIO;

	asm volatile("	.insn	rre,0xb9d20000,%[data],%[pair]\n"
		     ZPCIFD_INSN_CC
		     : [cc] "+d" (cc), [data] "+d" (loaded),
		       [pair] "+&d" (pair)
		     :
		     : "cc");
	*data = loaded;
	return zpcifd_s390_result(cc, pair >> 64);
}

/**
 * zpcifd_s390_pcistg - PCI Store
 * @zd: The function
 * @data: The number to store
 * @req: Address space and length, see zpcifd_req()
 * @offset: Offset in the address space
 *
 * Return: see &zpcifd_ops.pcilg
 */
long zpcifd_s390_pcistg(struct zpcifd_device *zd, u64 data, u64 req, u64 offset)
{
	register unsigned __int128 pair ZPCIFD_PAIR =
		zpcifd_s390_pair(zpcifd_s390_req(zd, req), offset);
	int cc = -ENXIO;

	asm volatile("	.insn	rre,0xb9d00000,%[data],%[pair]\n"
		     ZPCIFD_INSN_CC
		     : [cc] "+d" (cc), [pair] "+&d" (pair)
		     : [data] "d" (data)
		     : "cc");
	return zpcifd_s390_result(cc, pair >> 64);
}

/**
 * zpcifd_s390_pcistb - PCI Store Block
 * @zd: The function
 * @block: The bytes to store, inside one page
 * @req: Address space and length, see zpcifd_req()
 * @offset: Offset in the address space
 *
 * Return: see &zpcifd_ops.pcilg
 */
long zpcifd_s390_pcistb(struct zpcifd_device *zd, const void *block, u64 req,
			u64 offset)
{
	/* What the instruction may read, for the compiler to know */
	const struct { u8 bytes[PAGE_SIZE]; } *from = block;
	int cc = -ENXIO;

	req = zpcifd_s390_req(zd, req);
	asm volatile("	.insn	rsy,0xeb00000000d0,%[req],%[offset],%[from]\n"
		     ZPCIFD_INSN_CC
		     : [cc] "+d" (cc), [req] "+d" (req)
		     : [offset] "d" (offset), [from] "Q" (*from)
		     : "cc");
	return zpcifd_s390_result(cc, req);
}
