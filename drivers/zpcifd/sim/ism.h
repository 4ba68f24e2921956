/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model ism: an ISM function as the drivers of Linux see it. Everything that it
 * reads or writes in memory is big-endian. Where no public source tells what a
 * real function does, the choice is said to be one.
 */
#ifndef __ZPCIFD_SIM_ISM_H
#define __ZPCIFD_SIM_ISM_H

#include <linux/bits.h>
#include <linux/list.h>
#include <linux/xarray.h>

struct zpcifd_insn;
struct zsim_function;
struct zsim_pin;

#define ZSIM_ISM_DEVICE_ID	0x04ed

/* Address spaces. The size of the command space is a choice. */
#define ZSIM_ISM_AS_DATA	0
#define ZSIM_ISM_AS_COMMAND	2
#define ZSIM_ISM_DATA_SIZE	BIT_ULL(48)
#define ZSIM_ISM_COMMAND_SIZE	4096
/* What of the command space is there: the longest response, rounded up */
#define ZSIM_ISM_COMMAND_LEN	256

/* Offset in the data space; the width of a token is a choice */
#define ZSIM_ISM_OFFSET		GENMASK_ULL(22, 0)
#define ZSIM_ISM_SF		BIT_ULL(23)
#define ZSIM_ISM_IDX		GENMASK_ULL(27, 24)
#define ZSIM_ISM_TOKEN		GENMASK_ULL(47, 28)

#define ZSIM_ISM_NR_DMBS	1920
#define ZSIM_ISM_FIRST_DMB	32
#define ZSIM_ISM_MAX_DMB	SZ_1M
#define ZSIM_ISM_NR_VLANS	64

/* Offsets in the SBA, which is a page */
#define ZSIM_ISM_SBA_DMB_BITS	4
#define ZSIM_ISM_SBA_DMBE_MASK	256
#define ZSIM_ISM_SBA_S		BIT(31)
#define ZSIM_ISM_SBA_E		BIT(30)

/* The IEQ: a header, then entries */
#define ZSIM_ISM_IEQ_LEN	512
#define ZSIM_ISM_IEQ_ENTRY_LEN	32
#define ZSIM_ISM_IEQ_ENTRIES	15

/* Answers to commands. All but 0 are choices. */
enum zsim_ism_ret {
	ZSIM_ISM_OK = 0,
	ZSIM_ISM_BAD_COMMAND = 1,
	ZSIM_ISM_BAD_LENGTH = 2,
	/* Registered already, or not registered */
	ZSIM_ISM_BAD_STATE = 3,
	/* Of memory: alignment, length or segment; not mapped; outside of the DMA range */
	ZSIM_ISM_BAD_ADDRESS = 4,
	/* DMB index out of range or in use */
	ZSIM_ISM_BAD_INDEX = 5,
	/* No such GID, or not in this VLAN, or not listening */
	ZSIM_ISM_NO_PEER = 6,
	ZSIM_ISM_BAD_VLAN = 7,
	ZSIM_ISM_NO_RESOURCES = 8,
	ZSIM_ISM_BAD_TOKEN = 9,
};

enum {
	ZSIM_ISM_EVENT_BUF = 0,
	ZSIM_ISM_EVENT_DEV = 1,
	ZSIM_ISM_EVENT_SWR = 2,
};

enum {
	ZSIM_ISM_DEV_ERROR = 1,
	ZSIM_ISM_BUF_UNREGISTERED = 4,
	ZSIM_ISM_DEV_DISABLED = 7,
};

/**
 * struct zsim_dmb - A direct memory buffer
 * @owner: The function that registered it
 * @pin: Its memory
 * @rgid: The function that may store to it
 * @len: Bytes
 * @idx: Index in the owner's SBA
 * @token: Number in the fabric
 * @vlan: VLAN that both must be in
 * @vlan_valid: There is one
 */
struct zsim_dmb {
	struct zsim_function *owner;
	struct zsim_pin *pin;
	u64 rgid;
	u32 len;
	u32 idx;
	u32 token;
	u16 vlan;
	bool vlan_valid;
};

/**
 * struct zsim_ism_event - An entry of the IEQ
 * @type: What it is about
 * @code: What happened
 * @tok: DMB token or GID
 * @info: More about it
 */
struct zsim_ism_event {
	u32 type;
	u32 code;
	u64 tok;
	u64 info;
};

/**
 * struct zsim_ism - State of model ism
 * @command: The command space: of a sequence first the request, then the
 *	response. Under zsim_function::lock, as all down to @dmbs.
 * @args_len: Bytes of a request stored after its header's place
 * @unread: Words of 8 bytes of the response that are not loaded yet
 * @dmbs: The function's DMBs by index
 * @node: In the fabric. All from here on is written under the fabric's lock.
 * @gid: Who the function is
 * @sba: Memory of the SBA, NULL when none is registered
 * @sba_iova: Its DMA address
 * @ieq: Memory of the IEQ, NULL when none is registered
 * @ieq_iova: Its DMA address
 * @vlans: VLANs that the function is in
 * @nr_vlans: How many
 * @ieq_slot: Entry that the next event goes to; under zsim_dma::lock
 */
struct zsim_ism {
	u8 command[ZSIM_ISM_COMMAND_LEN];
	u32 args_len;
	u32 unread;
	struct xarray dmbs;

	struct list_head node;
	u64 gid;
	struct zsim_pin *sba;
	u64 sba_iova;
	struct zsim_pin *ieq;
	u64 ieq_iova;
	u16 vlans[ZSIM_ISM_NR_VLANS];
	u32 nr_vlans;
	u32 ieq_slot;
};

/* ism_cmd.c */
u16 zsim_ism_command(struct zsim_function *fn, u32 cmd, u16 len,
		     u16 *response_len);

/* ism_fabric.c */
void zsim_fabric_join(struct zsim_function *fn);
void zsim_fabric_leave(struct zsim_function *fn);
void zsim_fabric_fail(struct zsim_function *fn);
bool zsim_fabric_store(struct zsim_function *fn, u64 offset, u32 len,
		       const u8 *bytes);
void zsim_fabric_set_sba(struct zsim_function *fn, struct zsim_pin *sba,
			 u64 iova);
void zsim_fabric_set_ieq(struct zsim_function *fn, struct zsim_pin *ieq,
			 u64 iova);
int zsim_fabric_add_dmb(struct zsim_dmb *dmb);
void zsim_fabric_del_dmb(struct zsim_dmb *dmb);
u32 zsim_fabric_count_used(struct zsim_function *fn);
u16 zsim_fabric_add_vlan(struct zsim_function *fn, u64 vlan);
u16 zsim_fabric_del_vlan(struct zsim_function *fn, u64 vlan);
bool zsim_fabric_in_vlan(struct zsim_function *fn, u32 vlan);
u16 zsim_fabric_query(struct zsim_function *fn, u64 gid, bool vlan_valid,
		      u32 vlan);
u16 zsim_fabric_signal(struct zsim_function *fn, u64 gid, bool irq,
		       const struct zsim_ism_event *event);

#endif /* __ZPCIFD_SIM_ISM_H */
