// SPDX-License-Identifier: GPL-2.0
/*
 * Compares what tools/examples/ism and the simulator say of ISM functions with
 * what the kernel's driver says of them. ism-layout.sh compiles it in the kernel's
 * tree for s390x, with the driver's own header; nothing of it ever runs.
 */
#include <linux/bitfield.h>
#include <linux/build_bug.h>
#include <linux/module.h>
#include <drivers/s390/net/ism.h>
#include "ism_hw.h"
#include "sim/ism.h"

#define SAME(_ours, _theirs) static_assert((_ours) == (_theirs))

/* A structure of ours that is a member of one of the kernel's unions */
#define SAME_SIZE(_ours, _union, _member) \
	SAME(sizeof(struct _ours), sizeof_field(union _union, _member))

/* A field of it */
#define SAME_FIELD(_ours, _field, _union, _member, _theirs)			\
	static_assert(offsetof(struct _ours, _field) ==				\
		      offsetof(union _union, _member._theirs) -			\
		      offsetof(union _union, _member) &&			\
		      sizeof_field(struct _ours, _field) ==			\
		      sizeof_field(union _union, _member._theirs))

/* A field of a structure that is one of the kernel's as well */
#define SAME_MEMBER(_ours, _field, _theirs, _member)				\
	static_assert(offsetof(struct _ours, _field) ==				\
		      offsetof(struct _theirs, _member) &&			\
		      sizeof_field(struct _ours, _field) ==			\
		      sizeof_field(struct _theirs, _member))

/* Commands */
SAME(ISM_HW_REG_SBA, ISM_REG_SBA);
SAME(ISM_HW_REG_IEQ, ISM_REG_IEQ);
SAME(ISM_HW_READ_GID, ISM_READ_GID);
SAME(ISM_HW_ADD_VLAN_ID, ISM_ADD_VLAN_ID);
SAME(ISM_HW_DEL_VLAN_ID, ISM_DEL_VLAN_ID);
SAME(ISM_HW_QUERY_INFO, ISM_QUERY_INFO);
SAME(ISM_HW_QUERY_RGID, ISM_QUERY_RGID);
SAME(ISM_HW_REG_DMB, ISM_REG_DMB);
SAME(ISM_HW_UNREG_DMB, ISM_UNREG_DMB);
SAME(ISM_HW_SIGNAL_IEQ, ISM_SIGNAL_IEQ);
SAME(ISM_HW_UNREG_SBA, ISM_UNREG_SBA);
SAME(ISM_HW_UNREG_IEQ, ISM_UNREG_IEQ);

/* Requests and responses */
SAME(sizeof(struct ism_hw_request), sizeof(struct ism_req_hdr));
SAME_MEMBER(ism_hw_request, cmd, ism_req_hdr, cmd);
SAME_MEMBER(ism_hw_request, len, ism_req_hdr, len);
SAME(sizeof(struct ism_hw_response), sizeof(struct ism_resp_hdr));
SAME_MEMBER(ism_hw_response, cmd, ism_resp_hdr, cmd);
SAME_MEMBER(ism_hw_response, ret, ism_resp_hdr, ret);
SAME_MEMBER(ism_hw_response, len, ism_resp_hdr, len);

SAME_SIZE(ism_hw_reg_sba, ism_reg_sba, request);
SAME_FIELD(ism_hw_reg_sba, sba, ism_reg_sba, request, sba);
SAME_SIZE(ism_hw_response, ism_reg_sba, response);

SAME_SIZE(ism_hw_reg_ieq, ism_reg_ieq, request);
SAME_FIELD(ism_hw_reg_ieq, ieq, ism_reg_ieq, request, ieq);
SAME_FIELD(ism_hw_reg_ieq, len, ism_reg_ieq, request, len);
SAME_SIZE(ism_hw_response, ism_reg_ieq, response);

SAME_SIZE(ism_hw_request, ism_cmd_simple, request);
SAME_SIZE(ism_hw_response, ism_cmd_simple, response);

SAME_SIZE(ism_hw_request, ism_read_gid, request);
SAME_SIZE(ism_hw_gid, ism_read_gid, response);
SAME_FIELD(ism_hw_gid, gid, ism_read_gid, response, gid);

SAME_SIZE(ism_hw_vlan_id, ism_set_vlan_id, request);
SAME_FIELD(ism_hw_vlan_id, vlan_id, ism_set_vlan_id, request, vlan_id);
SAME_SIZE(ism_hw_response, ism_set_vlan_id, response);

SAME_SIZE(ism_hw_query_rgid, ism_query_rgid, request);
SAME_FIELD(ism_hw_query_rgid, rgid, ism_query_rgid, request, rgid);
SAME_FIELD(ism_hw_query_rgid, vlan_valid, ism_query_rgid, request, vlan_valid);
SAME_FIELD(ism_hw_query_rgid, vlan_id, ism_query_rgid, request, vlan_id);
SAME_SIZE(ism_hw_response, ism_query_rgid, response);

SAME_SIZE(ism_hw_reg_dmb, ism_reg_dmb, request);
SAME_FIELD(ism_hw_reg_dmb, dmb, ism_reg_dmb, request, dmb);
SAME_FIELD(ism_hw_reg_dmb, dmb_len, ism_reg_dmb, request, dmb_len);
SAME_FIELD(ism_hw_reg_dmb, sba_idx, ism_reg_dmb, request, sba_idx);
SAME_FIELD(ism_hw_reg_dmb, vlan_valid, ism_reg_dmb, request, vlan_valid);
SAME_FIELD(ism_hw_reg_dmb, vlan_id, ism_reg_dmb, request, vlan_id);
SAME_FIELD(ism_hw_reg_dmb, rgid, ism_reg_dmb, request, rgid);
SAME_SIZE(ism_hw_dmb_tok, ism_reg_dmb, response);
SAME_FIELD(ism_hw_dmb_tok, dmb_tok, ism_reg_dmb, response, dmb_tok);

SAME_SIZE(ism_hw_unreg_dmb, ism_unreg_dmb, request);
SAME_FIELD(ism_hw_unreg_dmb, dmb_tok, ism_unreg_dmb, request, dmb_tok);
SAME_SIZE(ism_hw_response, ism_unreg_dmb, response);

SAME_SIZE(ism_hw_signal_ieq, ism_sig_ieq, request);
SAME_FIELD(ism_hw_signal_ieq, rgid, ism_sig_ieq, request, rgid);
SAME_FIELD(ism_hw_signal_ieq, trigger_irq, ism_sig_ieq, request, trigger_irq);
SAME_FIELD(ism_hw_signal_ieq, event_code, ism_sig_ieq, request, event_code);
SAME_FIELD(ism_hw_signal_ieq, info, ism_sig_ieq, request, info);
SAME_SIZE(ism_hw_response, ism_sig_ieq, response);

SAME_SIZE(ism_hw_request, ism_qi, request);
SAME_SIZE(ism_hw_info, ism_qi, response);
SAME_FIELD(ism_hw_info, version, ism_qi, response, version);
SAME_FIELD(ism_hw_info, max_len, ism_qi, response, max_len);
SAME_FIELD(ism_hw_info, ism_state, ism_qi, response, ism_state);
SAME_FIELD(ism_hw_info, my_gid, ism_qi, response, my_gid);
SAME_FIELD(ism_hw_info, sba, ism_qi, response, sba);
SAME_FIELD(ism_hw_info, ieq, ism_qi, response, ieq);
SAME_FIELD(ism_hw_info, ieq_len, ism_qi, response, ieq_len);
SAME_FIELD(ism_hw_info, dmbs_owned, ism_qi, response, dmbs_owned);
SAME_FIELD(ism_hw_info, dmbs_used, ism_qi, response, dmbs_used);
SAME_FIELD(ism_hw_info, vlan_required, ism_qi, response, vlan_required);
SAME_FIELD(ism_hw_info, vlan_nr_ids, ism_qi, response, vlan_nr_ids);
SAME_FIELD(ism_hw_info, vlan_id, ism_qi, response, vlan_id);

/* SBA */
SAME(ISM_HW_NR_DMBS, ISM_NR_DMBS);
SAME(ISM_HW_FIRST_DMB, ISM_DMB_BIT_OFFSET);
SAME(sizeof(struct ism_hw_sba), sizeof(struct ism_sba));
SAME_MEMBER(ism_hw_sba, dmb_bits, ism_sba, dmb_bits);
SAME_MEMBER(ism_hw_sba, dmbe_mask, ism_sba, dmbe_mask);

/* IEQ */
SAME(ISM_HW_NR_EVENTS, sizeof_field(struct ism_eq, entry) / sizeof(struct ism_event));
SAME(sizeof(struct ism_hw_ieq), sizeof(struct ism_eq));
SAME_MEMBER(ism_hw_ieq, idx, ism_eq, header.idx);
SAME_MEMBER(ism_hw_ieq, ieq_len, ism_eq, header.ieq_len);
SAME_MEMBER(ism_hw_ieq, entry_len, ism_eq, header.entry_len);
SAME_MEMBER(ism_hw_ieq, entry, ism_eq, entry);
SAME(sizeof(struct ism_hw_event), sizeof(struct ism_event));
SAME_MEMBER(ism_hw_event, type, ism_event, type);
SAME_MEMBER(ism_hw_event, code, ism_event, code);
SAME_MEMBER(ism_hw_event, tok, ism_event, tok);
SAME_MEMBER(ism_hw_event, time, ism_event, time);
SAME_MEMBER(ism_hw_event, info, ism_event, info);
SAME((int)ISM_HW_EVENT_BUF, (int)ISM_EVENT_BUF);
SAME((int)ISM_HW_EVENT_DEV, (int)ISM_EVENT_DEV);
SAME((int)ISM_HW_EVENT_SWR, (int)ISM_EVENT_SWR);
SAME((int)ISM_HW_BUF_DMB_UNREGISTERED, (int)ISM_BUF_DMB_UNREGISTERED);
SAME((int)ISM_HW_DEV_GID_ERR_STATE, (int)ISM_DEV_GID_ERR_STATE);
SAME((int)ISM_HW_DEV_GID_DISABLED, (int)ISM_DEV_GID_DISABLED);

/* Data space: each part of a place alone, then all of them */
SAME(ISM_HW_PLACE(0x123450000000, 0, 0, 0), ISM_CREATE_REQ(0x123450000000, 0, 0, 0));
SAME(ISM_HW_PLACE(0, 15, 0, 0), ISM_CREATE_REQ(0, 15ULL, 0, 0));
SAME(ISM_HW_PLACE(0, 0, 1, 0), ISM_CREATE_REQ(0, 0, 1, 0));
SAME(ISM_HW_PLACE(0, 0, 0, 0x7fffff), ISM_CREATE_REQ(0, 0, 0, 0x7fffff));
SAME(ISM_HW_PLACE(0xabcde0000000, 9, 1, 0x54321), ISM_CREATE_REQ(0xabcde0000000, 9ULL, 1, 0x54321));

/* The simulator */
SAME(ZSIM_ISM_NR_DMBS, ISM_NR_DMBS);
SAME(ZSIM_ISM_FIRST_DMB, ISM_DMB_BIT_OFFSET);
SAME(ZSIM_ISM_SBA_DMB_BITS, offsetof(struct ism_sba, dmb_bits));
SAME(ZSIM_ISM_SBA_DMBE_MASK, offsetof(struct ism_sba, dmbe_mask));
SAME(ZSIM_ISM_SBA_S, ISM_HW_SBA_S);
SAME(ZSIM_ISM_SBA_E, ISM_HW_SBA_E);
SAME(ZSIM_ISM_IEQ_LEN, sizeof(struct ism_eq));
SAME(ZSIM_ISM_IEQ_ENTRY_LEN, sizeof(struct ism_event));
SAME(ZSIM_ISM_IEQ_ENTRIES, ISM_HW_NR_EVENTS);
SAME((int)ZSIM_ISM_EVENT_BUF, (int)ISM_EVENT_BUF);
SAME((int)ZSIM_ISM_EVENT_DEV, (int)ISM_EVENT_DEV);
SAME((int)ZSIM_ISM_EVENT_SWR, (int)ISM_EVENT_SWR);
SAME((int)ZSIM_ISM_DEV_ERROR, (int)ISM_DEV_GID_ERR_STATE);
SAME((int)ZSIM_ISM_BUF_UNREGISTERED, (int)ISM_BUF_DMB_UNREGISTERED);
SAME((int)ZSIM_ISM_DEV_DISABLED, (int)ISM_DEV_GID_DISABLED);
SAME(FIELD_PREP_CONST(ZSIM_ISM_TOKEN, 1), ISM_CREATE_REQ(1ULL << 28, 0, 0, 0));
SAME(ZSIM_ISM_IDX, ISM_CREATE_REQ(0, 15ULL, 0, 0));
SAME(ZSIM_ISM_SF, ISM_CREATE_REQ(0, 0, 1ULL, 0));
SAME(ZSIM_ISM_OFFSET, ISM_CREATE_REQ(0, 0, 0, (1ULL << 23) - 1));

/* The summary bits are a bit field there: the compiler works out where they are */
void ism_layout_summary(void)
{
	union {
		struct ism_sba sba;
		u32 word;
	} s = { .sba.s = 1 }, e = { .sba.e = 1 };

	BUILD_BUG_ON(s.word != ISM_HW_SBA_S);
	BUILD_BUG_ON(e.word != ISM_HW_SBA_E);
}

MODULE_LICENSE("GPL");
