// SPDX-License-Identifier: GPL-2.0-only
/*
 * Model ism: what functions of one fabric are to each other. A fabric is all
 * the bound functions with one fabric ID.
 *
 * A function keeps its own memory pinned, so that no other function waits for
 * its owner. What needs memory that the owner unmapped is refused or lost.
 */
#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/rwsem.h>
#include <linux/unaligned.h>

#include "sim.h"

/*
 * Protects all fabrics: zsim_fabric_members, zsim_fabric_dmbs, and of every
 * member what struct zsim_ism says. A function reads its own part with
 * zsim_function::lock instead, which its writers hold as well.
 */
static DECLARE_RWSEM(zsim_fabric_lock);
static LIST_HEAD(zsim_fabric_members);
/* DMBs by token, which is not used again soon after it is free */
static DEFINE_XARRAY_FLAGS(zsim_fabric_dmbs, XA_FLAGS_ALLOC1);
static u32 zsim_fabric_next_token;

static bool zsim_fabric_reachable(struct zsim_function *fn,
				  struct zsim_function *peer)
{
	return fn->attrs.pchid == peer->attrs.pchid &&
	       atomic_read(&peer->state) == ZSIM_ENABLED;
}

static struct zsim_function *zsim_fabric_find(struct zsim_function *fn, u64 gid)
{
	struct zsim_function *peer;

	lockdep_assert_held(&zsim_fabric_lock);

	list_for_each_entry(peer, &zsim_fabric_members, ism.node)
		if (peer->ism.gid == gid && zsim_fabric_reachable(fn, peer))
			return peer;
	return NULL;
}

static u32 zsim_fabric_find_vlan(struct zsim_function *fn, u64 vlan)
{
	u32 i;

	for (i = 0; i < fn->ism.nr_vlans; i++)
		if (fn->ism.vlans[i] == vlan)
			break;
	return i;
}

/* Sets bits of a big-endian word in the SBA, as user space clears them: at once */
static u32 zsim_fabric_set_bits(u8 *sba, unsigned int offset, u32 bits)
{
	atomic_t *word = (atomic_t *)(sba + offset);

	return be32_to_cpu((__force __be32)
			   atomic_fetch_or((__force int)cpu_to_be32(bits), word));
}

/*
 * Lets the owner of an SBA know. An interrupt is raised when the s bit was not
 * set: who clears it before it scans the bits misses none.
 */
static bool zsim_fabric_set_summary(u8 *sba)
{
	return !(zsim_fabric_set_bits(sba, 0, ZSIM_ISM_SBA_S) & ZSIM_ISM_SBA_S);
}

static bool zsim_fabric_set_dmb_bit(struct zsim_function *owner, u32 idx,
				    u16 mask)
{
	unsigned int offset = ZSIM_ISM_SBA_DMBE_MASK + round_down(2 * idx, 4);
	bool raise;
	u8 *sba;

	lockdep_assert_held(&owner->dma.lock);

	if (!owner->ism.sba || !owner->ism.sba->pinned)
		return false;
	sba = kmap_local_page(owner->ism.sba->pages[0]);
	zsim_fabric_set_bits(sba, offset, idx & 1 ? mask : (u32)mask << 16);
	zsim_fabric_set_bits(sba, ZSIM_ISM_SBA_DMB_BITS + idx / 32 * 4,
			     BIT(31 - idx % 32));
	raise = zsim_fabric_set_summary(sba);
	kunmap_local(sba);
	return raise;
}

static void zsim_fabric_put_event(struct zsim_function *to,
				  const struct zsim_ism_event *event)
{
	u32 slot = to->ism.ieq_slot;
	u8 *page, *ieq, *entry;

	lockdep_assert_held(&to->dma.lock);

	page = kmap_local_page(to->ism.ieq->pages[0]);
	ieq = page + offset_in_page(to->ism.ieq_iova);
	entry = ieq + ZSIM_ISM_IEQ_ENTRY_LEN * (slot + 1);
	put_unaligned_be32(event->type, entry);
	put_unaligned_be32(event->code, entry + 4);
	put_unaligned_be64(event->tok, entry + 8);
	put_unaligned_be64(ktime_get_real_ns(), entry + 16);
	put_unaligned_be64(event->info, entry + 24);
	/* The index is that of the entry after the last one, from 1 to 15 */
	smp_store_release((__be64 *)ieq, cpu_to_be64(slot + 1));
	to->ism.ieq_slot = (slot + 1) % ZSIM_ISM_IEQ_ENTRIES;
	kunmap_local(page);
}

/* Nobody tells how far the owner has read: an old event may be overwritten */
static bool zsim_fabric_post(struct zsim_function *to, bool irq,
			     const struct zsim_ism_event *event)
{
	bool raise = false;
	u8 *sba;

	lockdep_assert_held(&zsim_fabric_lock);

	scoped_guard(mutex, &to->dma.lock) {
		if (!to->ism.ieq || !to->ism.ieq->pinned)
			return false;
		zsim_fabric_put_event(to, event);
		if (!to->ism.sba || !to->ism.sba->pinned)
			return true;
		sba = kmap_local_page(to->ism.sba->pages[0]);
		zsim_fabric_set_bits(sba, 0, ZSIM_ISM_SBA_E);
		raise = irq && zsim_fabric_set_summary(sba);
		kunmap_local(sba);
	}
	if (raise)
		zsim_function_raise(to, 0);
	return true;
}

/* Tells the others in the fabric about a function */
static void zsim_fabric_tell(struct zsim_function *fn, u32 code)
{
	struct zsim_ism_event event = {
		.type = ZSIM_ISM_EVENT_DEV,
		.code = code,
		.tok = fn->ism.gid,
	};
	struct zsim_function *peer;

	lockdep_assert_held(&zsim_fabric_lock);

	list_for_each_entry(peer, &zsim_fabric_members, ism.node)
		if (peer != fn && zsim_fabric_reachable(fn, peer))
			zsim_fabric_post(peer, true, &event);
}

/* A function is there for others from now on */
void zsim_fabric_join(struct zsim_function *fn)
{
	guard(rwsem_write)(&zsim_fabric_lock);
	list_add_tail(&fn->ism.node, &zsim_fabric_members);
}

/* It is not any more, nor are its DMBs */
void zsim_fabric_leave(struct zsim_function *fn)
{
	struct zsim_dmb *dmb;
	unsigned long idx;

	guard(rwsem_write)(&zsim_fabric_lock);
	list_del(&fn->ism.node);
	xa_for_each(&fn->ism.dmbs, idx, dmb)
		xa_erase(&zsim_fabric_dmbs, dmb->token);
	zsim_fabric_tell(fn, ZSIM_ISM_DEV_DISABLED);
}

/* It went into error */
void zsim_fabric_fail(struct zsim_function *fn)
{
	guard(rwsem_read)(&zsim_fabric_lock);
	zsim_fabric_tell(fn, ZSIM_ISM_DEV_ERROR);
}

static bool zsim_fabric_may_store(struct zsim_function *fn,
				  const struct zsim_dmb *dmb)
{
	struct zsim_function *owner = dmb->owner;

	lockdep_assert_held(&zsim_fabric_lock);

	if (!zsim_fabric_reachable(fn, owner) || dmb->rgid != fn->ism.gid)
		return false;
	return !dmb->vlan_valid ||
	       (zsim_fabric_find_vlan(fn, dmb->vlan) < fn->ism.nr_vlans &&
		zsim_fabric_find_vlan(owner, dmb->vlan) < owner->ism.nr_vlans);
}

/* No store crosses a page */
static bool zsim_fabric_copy(struct zsim_dmb *dmb, u32 offset, u32 len,
			     const u8 *bytes)
{
	lockdep_assert_held(&dmb->owner->dma.lock);

	if (!dmb->pin->pinned)
		return false;
	memcpy_to_page(dmb->pin->pages[offset / PAGE_SIZE],
		       offset_in_page(offset), bytes, len);
	return true;
}

/**
 * zsim_fabric_store - Store to a DMB of another function
 * @fn: The function
 * @offset: Token, index, sf and offset, as in the data space
 * @len: Length
 * @bytes: What to store
 *
 * Return: false when there is no such place, or not for @fn.
 */
bool zsim_fabric_store(struct zsim_function *fn, u64 offset, u32 len,
		       const u8 *bytes)
{
	u32 where = FIELD_GET(ZSIM_ISM_OFFSET, offset);
	u32 idx = FIELD_GET(ZSIM_ISM_IDX, offset);
	struct zsim_dmb *dmb;
	bool raise = false;

	guard(rwsem_read)(&zsim_fabric_lock);
	dmb = xa_load(&zsim_fabric_dmbs, FIELD_GET(ZSIM_ISM_TOKEN, offset));
	if (!dmb || !zsim_fabric_may_store(fn, dmb))
		return false;
	if (where >= dmb->len || len > dmb->len - where)
		return false;

	scoped_guard(mutex, &dmb->owner->dma.lock) {
		if (!zsim_fabric_copy(dmb, where, len, bytes))
			return false;
		/* The atomic operations order the bits after the bytes */
		if (offset & ZSIM_ISM_SF)
			raise = zsim_fabric_set_dmb_bit(dmb->owner, dmb->idx,
							ror16(0x1000, idx));
	}
	if (raise)
		zsim_function_raise(dmb->owner, 0);
	return true;
}

void zsim_fabric_set_sba(struct zsim_function *fn, struct zsim_pin *sba,
			 u64 iova)
{
	lockdep_assert_held(&fn->lock);

	guard(rwsem_write)(&zsim_fabric_lock);
	fn->ism.sba = sba;
	fn->ism.sba_iova = iova;
}

void zsim_fabric_set_ieq(struct zsim_function *fn, struct zsim_pin *ieq,
			 u64 iova)
{
	u8 *page;

	lockdep_assert_held(&fn->lock);

	guard(rwsem_write)(&zsim_fabric_lock);
	guard(mutex)(&fn->dma.lock);
	fn->ism.ieq = ieq;
	fn->ism.ieq_iova = iova;
	fn->ism.ieq_slot = 0;
	if (!ieq || !ieq->pinned)
		return;
	page = kmap_local_page(ieq->pages[0]) + offset_in_page(iova);
	put_unaligned_be64(0, page);
	put_unaligned_be64(ZSIM_ISM_IEQ_LEN, page + 8);
	put_unaligned_be64(ZSIM_ISM_IEQ_ENTRY_LEN, page + 16);
	kunmap_local(page);
}

/* Gives a DMB its token, and others the DMB */
int zsim_fabric_add_dmb(struct zsim_dmb *dmb)
{
	int ret;

	guard(rwsem_write)(&zsim_fabric_lock);
	ret = xa_alloc_cyclic(&zsim_fabric_dmbs, &dmb->token, dmb,
			      XA_LIMIT(1, FIELD_MAX(ZSIM_ISM_TOKEN)),
			      &zsim_fabric_next_token, GFP_KERNEL_ACCOUNT);
	return min(ret, 0);
}

/* Who could store to it is told that it is gone */
void zsim_fabric_del_dmb(struct zsim_dmb *dmb)
{
	struct zsim_ism_event event = {
		.type = ZSIM_ISM_EVENT_BUF,
		.code = ZSIM_ISM_BUF_UNREGISTERED,
		.tok = FIELD_PREP(ZSIM_ISM_TOKEN, dmb->token),
	};
	struct zsim_function *peer;

	guard(rwsem_write)(&zsim_fabric_lock);
	xa_erase(&zsim_fabric_dmbs, dmb->token);
	peer = zsim_fabric_find(dmb->owner, dmb->rgid);
	if (peer)
		zsim_fabric_post(peer, true, &event);
}

/* How many DMBs of others may the function store to? */
u32 zsim_fabric_count_used(struct zsim_function *fn)
{
	struct zsim_dmb *dmb;
	unsigned long token;
	u32 used = 0;

	guard(rwsem_read)(&zsim_fabric_lock);
	xa_for_each(&zsim_fabric_dmbs, token, dmb)
		used += zsim_fabric_may_store(fn, dmb);
	return used;
}

/* VLAN IDs, and the one that tells SMC-D's version 2 */
static bool zsim_fabric_vlan_valid(u64 vlan)
{
	return (vlan && vlan < 0xfff) || vlan == 0x1fff;
}

u16 zsim_fabric_add_vlan(struct zsim_function *fn, u64 vlan)
{
	lockdep_assert_held(&fn->lock);

	if (!zsim_fabric_vlan_valid(vlan) || zsim_fabric_in_vlan(fn, vlan))
		return ZSIM_ISM_BAD_VLAN;
	if (fn->ism.nr_vlans == ZSIM_ISM_NR_VLANS)
		return ZSIM_ISM_NO_RESOURCES;

	guard(rwsem_write)(&zsim_fabric_lock);
	fn->ism.vlans[fn->ism.nr_vlans++] = vlan;
	return ZSIM_ISM_OK;
}

u16 zsim_fabric_del_vlan(struct zsim_function *fn, u64 vlan)
{
	u32 i;

	lockdep_assert_held(&fn->lock);

	i = zsim_fabric_find_vlan(fn, vlan);
	if (i == fn->ism.nr_vlans)
		return ZSIM_ISM_BAD_VLAN;

	guard(rwsem_write)(&zsim_fabric_lock);
	fn->ism.vlans[i] = fn->ism.vlans[--fn->ism.nr_vlans];
	return ZSIM_ISM_OK;
}

bool zsim_fabric_in_vlan(struct zsim_function *fn, u32 vlan)
{
	lockdep_assert_held(&fn->lock);

	return zsim_fabric_find_vlan(fn, vlan) < fn->ism.nr_vlans;
}

/* Could the function talk to @gid, in a VLAN if @vlan_valid? */
u16 zsim_fabric_query(struct zsim_function *fn, u64 gid, bool vlan_valid,
		      u32 vlan)
{
	struct zsim_function *peer;

	guard(rwsem_read)(&zsim_fabric_lock);
	peer = zsim_fabric_find(fn, gid);
	if (!peer)
		return ZSIM_ISM_NO_PEER;
	if (vlan_valid &&
	    (zsim_fabric_find_vlan(fn, vlan) == fn->ism.nr_vlans ||
	     zsim_fabric_find_vlan(peer, vlan) == peer->ism.nr_vlans))
		return ZSIM_ISM_NO_PEER;
	return ZSIM_ISM_OK;
}

u16 zsim_fabric_signal(struct zsim_function *fn, u64 gid, bool irq,
		       const struct zsim_ism_event *event)
{
	struct zsim_function *peer;

	guard(rwsem_read)(&zsim_fabric_lock);
	peer = zsim_fabric_find(fn, gid);
	if (!peer || !zsim_fabric_post(peer, irq, event))
		return ZSIM_ISM_NO_PEER;
	return ZSIM_ISM_OK;
}
