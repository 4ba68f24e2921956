/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an ISM function and its driver have in common: the command space, the
 * data space and the structures in memory
 *
 * The layouts are those of drivers/s390/net/ism.h in Linux, which the rig's
 * ism-layout.sh compares this file with. Every field is big-endian, on every
 * host.
 */
#ifndef EXAMPLES_ISM_HW_H
#define EXAMPLES_ISM_HW_H

#include <linux/types.h>

/* Address spaces */
#define ISM_HW_AS_DATA 0
#define ISM_HW_AS_COMMAND 2

/* The type of such a function, as CLP tells it */
#define ISM_HW_PFT 5

/* Longest PCISTB, and what none crosses a multiple of */
#define ISM_HW_PAGE 4096

/*
 * Place of byte @offset of a DMB in the data space. With @sf 1 the function
 * tells the DMB's owner of the store, and bit @idx of its mask.
 */
#define ISM_HW_PLACE(tok, idx, sf, offset) \
	((tok) | (__u64)(idx) << 24 | (__u64)(sf) << 23 | (offset))

/* The bit in the mask of a DMB that a store with @idx sets, @idx 0 to 12 */
#define ISM_HW_MASK(idx) (0x1000 >> (idx))

/* DMBs of a function; it has no use for the first ones */
#define ISM_HW_NR_DMBS 1920
#define ISM_HW_FIRST_DMB 32

/* Bytes that a DMB lies inside an aligned piece of */
#define ISM_HW_SEGMENT (1024 * 1024)

enum ism_hw_cmd {
	ISM_HW_REG_SBA = 0x01,
	ISM_HW_REG_IEQ = 0x02,
	ISM_HW_READ_GID = 0x03,
	ISM_HW_ADD_VLAN_ID = 0x04,
	ISM_HW_DEL_VLAN_ID = 0x05,
	ISM_HW_QUERY_INFO = 0x08,
	ISM_HW_QUERY_RGID = 0x09,
	ISM_HW_REG_DMB = 0x0a,
	ISM_HW_UNREG_DMB = 0x0b,
	ISM_HW_SIGNAL_IEQ = 0x0e,
	ISM_HW_UNREG_SBA = 0x11,
	ISM_HW_UNREG_IEQ = 0x12,
};

/**
 * struct ism_hw_request - Start of a request, all of it for many commands
 * @cmd: enum ism_hw_cmd
 * @reserved: 0
 * @len: Length of the request, this included
 */
struct ism_hw_request {
	__be32 cmd;
	__u16 reserved;
	__be16 len;
};

/**
 * struct ism_hw_response - Start of a response, all of it for many commands
 * @cmd: enum ism_hw_cmd
 * @ret: 0, or why the command failed
 * @len: Length of the response, this included
 */
struct ism_hw_response {
	__be32 cmd;
	__be16 ret;
	__be16 len;
};

struct ism_hw_reg_sba {
	struct ism_hw_request hdr;
	__be64 sba;
};

struct ism_hw_reg_ieq {
	struct ism_hw_request hdr;
	__be64 ieq;
	__be64 len;
};

struct ism_hw_vlan_id {
	struct ism_hw_request hdr;
	__be64 vlan_id;
};

struct ism_hw_query_rgid {
	struct ism_hw_request hdr;
	__be64 rgid;
	__be32 vlan_valid;
	__be32 vlan_id;
};

struct ism_hw_reg_dmb {
	struct ism_hw_request hdr;
	__be64 dmb;
	__be32 dmb_len;
	__be32 sba_idx;
	__be32 vlan_valid;
	__be32 vlan_id;
	__be64 rgid;
};

struct ism_hw_unreg_dmb {
	struct ism_hw_request hdr;
	__be64 dmb_tok;
};

struct ism_hw_signal_ieq {
	struct ism_hw_request hdr;
	__be64 rgid;
	__be32 trigger_irq;
	__be32 event_code;
	__be64 info;
};

struct ism_hw_gid {
	struct ism_hw_response hdr;
	__be64 gid;
};

struct ism_hw_dmb_tok {
	struct ism_hw_response hdr;
	__be64 dmb_tok;
};

struct ism_hw_info {
	struct ism_hw_response hdr;
	__be32 version;
	__be32 max_len;
	__be64 ism_state;
	__be64 my_gid;
	__be64 sba;
	__be64 ieq;
	__be32 ieq_len;
	__be32 reserved;
	__be32 dmbs_owned;
	__be32 dmbs_used;
	__be32 vlan_required;
	__be32 vlan_nr_ids;
	__be16 vlan_id[64];
};

/* First word of the SBA */
#define ISM_HW_SBA_S 0x80000000U
#define ISM_HW_SBA_E 0x40000000U

/**
 * struct ism_hw_sba - Summary bit array: what an interrupt is about
 * @summary: ISM_HW_SBA_S: an interrupt was raised; ISM_HW_SBA_E: look at the IEQ
 * @dmb_bits: A bit for every DMB, the most significant one first
 * @reserved: 0
 * @dmbe_mask: For every DMB the ISM_HW_MASK() of the stores to it
 */
struct ism_hw_sba {
	__be32 summary;
	__be32 dmb_bits[ISM_HW_NR_DMBS / 32];
	__u32 reserved[3];
	__be16 dmbe_mask[ISM_HW_NR_DMBS];
};

enum ism_hw_event_type {
	ISM_HW_EVENT_BUF = 0,
	ISM_HW_EVENT_DEV = 1,
	ISM_HW_EVENT_SWR = 2,
};

/* Codes of events of type BUF, then of type DEV; those of SWR are the sender's */
enum ism_hw_event_code {
	ISM_HW_BUF_DMB_UNREGISTERED = 4,
	ISM_HW_DEV_GID_ERR_STATE = 1,
	ISM_HW_DEV_GID_DISABLED = 7,
};

/**
 * struct ism_hw_event - Entry of the IEQ
 * @type: enum ism_hw_event_type
 * @code: enum ism_hw_event_code
 * @tok: Token of the DMB, or GID, that it is about
 * @time: When
 * @info: With SIGNAL_IEQ: from the sender
 */
struct ism_hw_event {
	__be32 type;
	__be32 code;
	__be64 tok;
	__be64 time;
	__be64 info;
};

#define ISM_HW_NR_EVENTS 15

/**
 * struct ism_hw_ieq - Event queue
 * @idx: Number of the entry that was written last, counted from 1; 0: none yet
 * @ieq_len: Length of all of it
 * @entry_len: Length of an entry
 * @reserved: 0
 * @entry: A circle of events
 */
struct ism_hw_ieq {
	__be64 idx;
	__be64 ieq_len;
	__be64 entry_len;
	__u64 reserved;
	struct ism_hw_event entry[ISM_HW_NR_EVENTS];
};

#endif /* EXAMPLES_ISM_HW_H */
