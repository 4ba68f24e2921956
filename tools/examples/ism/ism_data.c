// SPDX-License-Identifier: GPL-2.0
/*
 * Stores into DMBs of others, and what others stored into DMBs of this function
 */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "ism.h"

static_assert(sizeof(struct ism_hw_sba) == ISM_HW_PAGE, "SBA");
static_assert(offsetof(struct ism_hw_sba, dmb_bits) == 4, "bits of DMBs");
static_assert(offsetof(struct ism_hw_sba, dmbe_mask) == 256, "masks");
static_assert(sizeof(struct ism_hw_event) == 32, "event");
static_assert(offsetof(struct ism_hw_event, tok) == 8, "token of an event");
static_assert(offsetof(struct ism_hw_event, info) == 24, "info of an event");
static_assert(sizeof(struct ism_hw_ieq) == 512, "IEQ");
static_assert(offsetof(struct ism_hw_ieq, entry) == 32, "entries of the IEQ");

static void count_store(struct ism *ism, uint32_t len)
{
	unsigned int size = ISM_NR_SIZES - 1;

	if (len < ISM_HW_PAGE)
		for (size = 0; len > 8U << size && size < ISM_NR_SIZES - 2;)
			size++;
	ism->stats.stores[size]++;
	ism->stats.bytes += len;
}

static int queue_store(struct ism *ism, uint64_t place, uint32_t payload,
		       uint32_t len)
{
	const struct zpcifd_info *info = zpcifd_info(ism->zf);
	int ret;

	if (ism->queued == ISM_CHAIN || ism->queued == info->out_max_chain) {
		ret = ism_run(ism);
		if (ret)
			return ret;
	}
	ism->last = zpcifd_ring_get_sqe(&ism->ring);
	zpcifd_prep_block(ism->last, ISM_HW_AS_DATA, place, len, payload);
	ism->last->flags = ZPCIFD_SQE_LINK | ZPCIFD_SQE_SKIP_SUCCESS;
	ism->queued++;
	count_store(ism, len);
	return 0;
}

/* Bytes from @pos to the next page, @len at most */
static uint32_t in_page(uint32_t pos, uint32_t len)
{
	uint32_t room = ISM_HW_PAGE - pos % ISM_HW_PAGE;

	return room < len ? room : len;
}

/**
 * ism_move - Queue the stores that move bytes into a peer's DMB
 * @ism: The function
 * @target: The DMB
 * @offset: Where in the DMB
 * @payload: Where they are in ism_payload()
 * @len: How many
 *
 * No store crosses a page of the DMB, and sf is set in the last one. Nor does one
 * cross a page of the payload, so the stores are fewest when both places have the
 * same offset in their page.
 *
 * Return: 0, or what ism_run() returned for stores that had to go first. The
 * bytes must not change before ism_run().
 */
int ism_move(struct ism *ism, const struct ism_target *target, uint32_t offset,
	     uint32_t payload, uint32_t len)
{
	uint32_t piece;
	int ret = 0;

	for (; len && !ret; len -= piece) {
		piece = in_page(payload, in_page(offset, len));
		ret = queue_store(ism, ISM_HW_PLACE(target->tok, target->idx,
						    target->sf && piece == len,
						    offset),
				  payload, piece);
		offset += piece;
		payload += piece;
	}
	return ret;
}

/**
 * ism_run - Run the stores that are queued
 * @ism: The function
 *
 * They are one chain, so a store that fails is the last one: nothing is told to a
 * peer after it.
 *
 * Return: 0; or the res of the store that failed, whose completion is ism.refused
 */
int ism_run(struct ism *ism)
{
	struct zpcifd_cqe failed = { .res = 0 };
	struct zpcifd_cqe *cqe;
	char text[128];
	int ret;

	if (!ism->queued)
		return 0;
	ism->last->flags &= ~ZPCIFD_SQE_LINK;
	ism->queued = 0;
	ism->stats.submits++;
	ret = zpcifd_ring_submit(&ism->ring);
	if (ret < 0)
		return ism_fail(ism, ret, "%s: store data: %s",
				zpcifd_name(ism->zf), strerror(-ret));
	/* Only what did not work has a completion */
	while ((cqe = zpcifd_ring_peek_cqe(&ism->ring))) {
		if (!failed.res)
			failed = *cqe;
		zpcifd_ring_cq_advance(&ism->ring, 1);
	}
	if (!failed.res)
		return 0;
	ism->refused = failed;
	return ism_fail(ism, failed.res, "%s: store data: %s%s",
			zpcifd_name(ism->zf),
			zpcifd_cqe_str(&failed, text, sizeof(text)),
			failed.res == -EIO ? "; is the peer gone?" : "");
}

/*
 * The function sets the mask of a DMB, then its bit, and others set theirs at
 * the same time: the bit is cleared before the mask is taken, at once each.
 */
static int scan_dmbs(struct ism *ism, const struct ism_handler *handler,
		     void *arg)
{
	for (unsigned int word = ISM_HW_FIRST_DMB / 32;
	     word < ISM_HW_NR_DMBS / 32; word++) {
		__be32 *bits = &ism->sba->dmb_bits[word];
		uint32_t set;

		while ((set = be32toh(__atomic_load_n(bits, __ATOMIC_ACQUIRE)))) {
			unsigned int bit = __builtin_clz(set);
			unsigned int idx = 32 * word + bit;
			uint16_t mask;
			int ret;

			__atomic_fetch_and(bits, htobe32(~(1U << 31 >> bit)),
					   __ATOMIC_SEQ_CST);
			mask = be16toh(__atomic_exchange_n(&ism->sba->dmbe_mask[idx],
							   0, __ATOMIC_SEQ_CST));
			ism->stats.signals++;
			ret = handler->dmb(arg, idx, mask);
			if (ret)
				return ret;
		}
	}
	return 0;
}

static int read_events(struct ism *ism, const struct ism_handler *handler,
		       void *arg)
{
	struct ism_hw_ieq *ieq = ism->ieq;

	while (ism->ieq_read != be64toh(__atomic_load_n(&ieq->idx,
							__ATOMIC_ACQUIRE))) {
		unsigned int slot = ism->ieq_read % ISM_HW_NR_EVENTS;
		const struct ism_hw_event *entry = &ieq->entry[slot];
		struct ism_event event = {
			.type = be32toh(entry->type),
			.code = be32toh(entry->code),
			.tok = be64toh(entry->tok),
			.time = be64toh(entry->time),
			.info = be64toh(entry->info),
		};
		int ret;

		ism->ieq_read = slot + 1;
		ism->stats.events++;
		ret = handler->event(arg, &event);
		if (ret)
			return ret;
	}
	return 0;
}

/* What sets a bit after s is cleared here raises another interrupt */
static int scan(struct ism *ism, const struct ism_handler *handler, void *arg)
{
	__be32 *summary = &ism->sba->summary;
	uint32_t was;
	int ret;

	__atomic_fetch_and(summary, htobe32(~ISM_HW_SBA_S), __ATOMIC_SEQ_CST);
	ret = scan_dmbs(ism, handler, arg);
	if (ret)
		return ret;
	was = be32toh(__atomic_fetch_and(summary, htobe32(~ISM_HW_SBA_E),
					 __ATOMIC_SEQ_CST));
	if (!(was & ISM_HW_SBA_E))
		return 0;
	return read_events(ism, handler, arg);
}

/**
 * ism_wait - Wait for an interrupt and hand out what it is about
 * @ism: The function
 * @timeout_ms: For how long
 * @handler: Who wants to know
 * @arg: For @handler
 *
 * Return: 0; -ETIMEDOUT when none came; what @handler returned; or another errno
 */
int ism_wait(struct ism *ism, int timeout_ms, const struct ism_handler *handler,
	     void *arg)
{
	struct pollfd fd = { .fd = ism->irqfd, .events = POLLIN };
	uint64_t count;
	int ret;

	do {
		ret = poll(&fd, 1, timeout_ms);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return ism_fail(ism, -errno, "%s: wait for an interrupt: %m",
				zpcifd_name(ism->zf));
	if (!ret)
		return ism_fail(ism, -ETIMEDOUT,
				"%s: no interrupt within %d ms; does the peer still run?",
				zpcifd_name(ism->zf), timeout_ms);
	if (read(ism->irqfd, &count, sizeof(count)) == sizeof(count))
		ism->stats.interrupts += count;
	return scan(ism, handler, arg);
}
