// SPDX-License-Identifier: GPL-2.0-only
/*
 * Model ism: the commands. Their layouts are those of the driver
 * (drivers/s390/net/ism.h); offsets here count from the header.
 */
#include <linux/align.h>
#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "sim.h"

/* A choice: what QUERY_INFO tells of a function that works */
#define ZSIM_ISM_VERSION	1
#define ZSIM_ISM_STATE		1

static u8 *zsim_ism_args(struct zsim_function *fn, unsigned int offset)
{
	return fn->ism.command + offset;
}

static u32 zsim_ism_get32(struct zsim_function *fn, unsigned int offset)
{
	return get_unaligned_be32(zsim_ism_args(fn, offset));
}

static u64 zsim_ism_get64(struct zsim_function *fn, unsigned int offset)
{
	return get_unaligned_be64(zsim_ism_args(fn, offset));
}

static void zsim_ism_put32(struct zsim_function *fn, unsigned int offset,
			   u32 value)
{
	put_unaligned_be32(value, zsim_ism_args(fn, offset));
}

static void zsim_ism_put64(struct zsim_function *fn, unsigned int offset,
			   u64 value)
{
	put_unaligned_be64(value, zsim_ism_args(fn, offset));
}

static u16 zsim_ism_reg_sba(struct zsim_function *fn)
{
	u64 iova = zsim_ism_get64(fn, 8);
	struct zsim_pin *pin;

	if (fn->ism.sba)
		return ZSIM_ISM_BAD_STATE;
	if (!PAGE_ALIGNED(iova))
		return ZSIM_ISM_BAD_ADDRESS;
	pin = zsim_dma_pin(fn, iova, PAGE_SIZE);
	if (IS_ERR(pin))
		return ZSIM_ISM_BAD_ADDRESS;
	zsim_fabric_set_sba(fn, pin, iova);
	return ZSIM_ISM_OK;
}

static u16 zsim_ism_unreg_sba(struct zsim_function *fn)
{
	struct zsim_pin *pin = fn->ism.sba;

	if (!pin)
		return ZSIM_ISM_BAD_STATE;
	zsim_fabric_set_sba(fn, NULL, 0);
	zsim_dma_unpin(fn, pin);
	return ZSIM_ISM_OK;
}

/* A choice: the IEQ is aligned to its length, so it lies in one page */
static u16 zsim_ism_reg_ieq(struct zsim_function *fn)
{
	u64 iova = zsim_ism_get64(fn, 8);
	u64 len = zsim_ism_get64(fn, 16);
	struct zsim_pin *pin;

	if (fn->ism.ieq)
		return ZSIM_ISM_BAD_STATE;
	if (len != ZSIM_ISM_IEQ_LEN || !IS_ALIGNED(iova, ZSIM_ISM_IEQ_LEN))
		return ZSIM_ISM_BAD_ADDRESS;
	pin = zsim_dma_pin(fn, ALIGN_DOWN(iova, PAGE_SIZE), PAGE_SIZE);
	if (IS_ERR(pin))
		return ZSIM_ISM_BAD_ADDRESS;
	zsim_fabric_set_ieq(fn, pin, iova);
	return ZSIM_ISM_OK;
}

static u16 zsim_ism_unreg_ieq(struct zsim_function *fn)
{
	struct zsim_pin *pin = fn->ism.ieq;

	if (!pin)
		return ZSIM_ISM_BAD_STATE;
	zsim_fabric_set_ieq(fn, NULL, 0);
	zsim_dma_unpin(fn, pin);
	return ZSIM_ISM_OK;
}

static u16 zsim_ism_read_gid(struct zsim_function *fn)
{
	zsim_ism_put64(fn, 8, fn->ism.gid);
	return ZSIM_ISM_OK;
}

static u16 zsim_ism_add_vlan_id(struct zsim_function *fn)
{
	return zsim_fabric_add_vlan(fn, zsim_ism_get64(fn, 8));
}

static u16 zsim_ism_del_vlan_id(struct zsim_function *fn)
{
	return zsim_fabric_del_vlan(fn, zsim_ism_get64(fn, 8));
}

static u16 zsim_ism_query_info(struct zsim_function *fn)
{
	struct zsim_ism *ism = &fn->ism;
	unsigned long idx;
	u32 i, owned = 0;
	void *dmb;

	xa_for_each(&ism->dmbs, idx, dmb)
		owned++;
	zsim_ism_put32(fn, 8, ZSIM_ISM_VERSION);
	zsim_ism_put32(fn, 12, ZSIM_ISM_MAX_DMB);
	zsim_ism_put64(fn, 16, ZSIM_ISM_STATE);
	zsim_ism_put64(fn, 24, ism->gid);
	zsim_ism_put64(fn, 32, ism->sba_iova);
	zsim_ism_put64(fn, 40, ism->ieq_iova);
	zsim_ism_put32(fn, 48, ism->ieq ? ZSIM_ISM_IEQ_LEN : 0);
	zsim_ism_put32(fn, 52, 0);
	zsim_ism_put32(fn, 56, owned);
	zsim_ism_put32(fn, 60, zsim_fabric_count_used(fn));
	zsim_ism_put32(fn, 64, 0);
	zsim_ism_put32(fn, 68, ism->nr_vlans);
	for (i = 0; i < ZSIM_ISM_NR_VLANS; i++)
		put_unaligned_be16(i < ism->nr_vlans ? ism->vlans[i] : 0,
				   zsim_ism_args(fn, 72 + 2 * i));
	return ZSIM_ISM_OK;
}

static u16 zsim_ism_query_rgid(struct zsim_function *fn)
{
	return zsim_fabric_query(fn, zsim_ism_get64(fn, 8),
				 zsim_ism_get32(fn, 16),
				 zsim_ism_get32(fn, 20));
}

/* A choice: whole pages */
static bool zsim_ism_dmb_fits(u64 iova, u32 len)
{
	return len && len <= ZSIM_ISM_MAX_DMB && PAGE_ALIGNED(iova | len) &&
	       iova % ZSIM_ISM_MAX_DMB + len <= ZSIM_ISM_MAX_DMB;
}

static u16 zsim_ism_reg_dmb(struct zsim_function *fn)
{
	u64 iova = zsim_ism_get64(fn, 8);
	u32 len = zsim_ism_get32(fn, 16);
	u32 idx = zsim_ism_get32(fn, 20);
	u32 vlan_valid = zsim_ism_get32(fn, 24);
	u32 vlan = zsim_ism_get32(fn, 28);

	if (!zsim_ism_dmb_fits(iova, len))
		return ZSIM_ISM_BAD_ADDRESS;
	if (idx < ZSIM_ISM_FIRST_DMB || idx >= ZSIM_ISM_NR_DMBS)
		return ZSIM_ISM_BAD_INDEX;
	if (vlan_valid && !zsim_fabric_in_vlan(fn, vlan))
		return ZSIM_ISM_BAD_VLAN;

	struct zsim_dmb *dmb __free(kfree) =
		kzalloc_obj(*dmb, GFP_KERNEL_ACCOUNT);
	if (!dmb)
		return ZSIM_ISM_NO_RESOURCES;
	switch (xa_insert(&fn->ism.dmbs, idx, dmb, GFP_KERNEL_ACCOUNT)) {
	case 0:
		break;
	case -EBUSY:
		return ZSIM_ISM_BAD_INDEX;
	default:
		return ZSIM_ISM_NO_RESOURCES;
	}

	dmb->owner = fn;
	dmb->rgid = zsim_ism_get64(fn, 32);
	dmb->len = len;
	dmb->idx = idx;
	dmb->vlan = vlan;
	dmb->vlan_valid = vlan_valid;
	dmb->pin = zsim_dma_pin(fn, iova, len);
	if (IS_ERR(dmb->pin)) {
		xa_erase(&fn->ism.dmbs, idx);
		return ZSIM_ISM_BAD_ADDRESS;
	}
	if (zsim_fabric_add_dmb(dmb)) {
		zsim_dma_unpin(fn, dmb->pin);
		xa_erase(&fn->ism.dmbs, idx);
		return ZSIM_ISM_NO_RESOURCES;
	}
	zsim_ism_put64(fn, 8, FIELD_PREP(ZSIM_ISM_TOKEN, dmb->token));
	retain_and_null_ptr(dmb);
	return ZSIM_ISM_OK;
}

static u16 zsim_ism_unreg_dmb(struct zsim_function *fn)
{
	u64 token = zsim_ism_get64(fn, 8);
	struct zsim_dmb *dmb;
	unsigned long idx;

	xa_for_each(&fn->ism.dmbs, idx, dmb)
		if (FIELD_PREP(ZSIM_ISM_TOKEN, dmb->token) == token)
			break;
	if (!dmb)
		return ZSIM_ISM_BAD_TOKEN;

	zsim_fabric_del_dmb(dmb);
	xa_erase(&fn->ism.dmbs, idx);
	zsim_dma_unpin(fn, dmb->pin);
	kfree(dmb);
	return ZSIM_ISM_OK;
}

static u16 zsim_ism_signal_ieq(struct zsim_function *fn)
{
	struct zsim_ism_event event = {
		.type = ZSIM_ISM_EVENT_SWR,
		.code = zsim_ism_get32(fn, 20),
		.tok = fn->ism.gid,
		.info = zsim_ism_get64(fn, 24),
	};

	return zsim_fabric_signal(fn, zsim_ism_get64(fn, 8),
				  zsim_ism_get32(fn, 16), &event);
}

static const struct {
	u16 (*execute)(struct zsim_function *fn);
	u16 len;
	u16 response_len;
} zsim_ism_commands[] = {
	[0x01] = { zsim_ism_reg_sba, 16, 8 },
	[0x02] = { zsim_ism_reg_ieq, 24, 8 },
	[0x03] = { zsim_ism_read_gid, 8, 16 },
	[0x04] = { zsim_ism_add_vlan_id, 16, 8 },
	[0x05] = { zsim_ism_del_vlan_id, 16, 8 },
	[0x08] = { zsim_ism_query_info, 8, 200 },
	[0x09] = { zsim_ism_query_rgid, 24, 8 },
	[0x0a] = { zsim_ism_reg_dmb, 40, 16 },
	[0x0b] = { zsim_ism_unreg_dmb, 16, 8 },
	[0x0e] = { zsim_ism_signal_ieq, 32, 8 },
	[0x11] = { zsim_ism_unreg_sba, 8, 8 },
	[0x12] = { zsim_ism_unreg_ieq, 8, 8 },
};

/**
 * zsim_ism_command - Execute the command in the command space
 * @fn: The function
 * @cmd: The command
 * @len: Length of the request as its header tells it
 * @response_len: Out: length of the response, if it is a success
 *
 * Return: enum zsim_ism_ret
 */
u16 zsim_ism_command(struct zsim_function *fn, u32 cmd, u16 len,
		     u16 *response_len)
{
	lockdep_assert_held(&fn->lock);

	if (cmd >= ARRAY_SIZE(zsim_ism_commands) ||
	    !zsim_ism_commands[cmd].execute)
		return ZSIM_ISM_BAD_COMMAND;
	if (len != zsim_ism_commands[cmd].len || fn->ism.args_len + 8 != len)
		return ZSIM_ISM_BAD_LENGTH;
	*response_len = zsim_ism_commands[cmd].response_len;
	return zsim_ism_commands[cmd].execute(fn);
}
