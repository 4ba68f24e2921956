/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ISM for userspace drivers: an ISM function that this process owns
 *
 * ism.c takes it into use and gives it memory, ism_cmd.c has the commands,
 * ism_data.c stores into DMBs of others and hears of what others stored here.
 * What is said by way of DMBs is for whoever uses this.
 *
 * Functions that return int return 0 or a negative errno, and leave a sentence
 * on the last failure in ism.why. One function is for one thread. A second ring
 * on the same function may exist: every command sequence is one chain.
 */
#ifndef EXAMPLES_ISM_H
#define EXAMPLES_ISM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zpcifd.h>
#include "ism_hw.h"

/* Stores that one ism_run() makes a chain of, at most */
#define ISM_CHAIN 64

/* Stores are counted by size: up to 8 bytes, to 16, ... to 4095; and 4096 */
#define ISM_NR_SIZES 11

/**
 * struct ism_stats - What was done so far
 * @commands: Commands that were executed
 * @submits: Times that a chain was given to the kernel
 * @bytes: Bytes that were stored into DMBs
 * @stores: Stores into DMBs, by size
 * @interrupts: Interrupts, as the eventfd counted them
 * @signals: DMBs of which the SBA told that something was stored
 * @events: Events of the IEQ
 */
struct ism_stats {
	unsigned long long commands;
	unsigned long long submits;
	unsigned long long bytes;
	unsigned long long stores[ISM_NR_SIZES];
	unsigned long long interrupts;
	unsigned long long signals;
	unsigned long long events;
};

/**
 * struct ism_dmb - A direct memory buffer: memory that a peer stores to
 * @addr: The memory
 * @iova: Its DMA address
 * @tok: What the peer has to know to store to it
 * @len: Its length in bytes, whole pages
 * @idx: Which of the function's DMBs it is, ISM_HW_FIRST_DMB or more
 */
struct ism_dmb {
	void *addr;
	uint64_t iova;
	uint64_t tok;
	uint32_t len;
	uint32_t idx;
};

/**
 * struct ism_event - An event, in host byte order
 * @type: enum ism_hw_event_type
 * @code: enum ism_hw_event_code
 * @tok: Token of the DMB, or GID, that it is about
 * @time: When
 * @info: From the sender, with ISM_HW_EVENT_SWR
 */
struct ism_event {
	uint32_t type;
	uint32_t code;
	uint64_t tok;
	uint64_t time;
	uint64_t info;
};

/**
 * struct ism - An ISM function that this process owns
 * @zf: The function
 * @ring: Its ring
 * @ioas: The DMA address space that it is attached to
 * @payload_len: Bytes of the ring's data area that are the caller's; a page for
 *	commands is behind them
 * @irqfd: The eventfd of its interrupt
 * @sba: Memory of the SBA; a page, NULL before it is there
 * @ieq: Memory of the IEQ; likewise
 * @sba_registered: The function knows it
 * @ieq_registered: The function knows it
 * @ieq_read: Number of the event that was read last, as &struct ism_hw_ieq.idx
 * @gid: Who it is
 * @queued: Stores that the next ism_run() runs
 * @last: The last of them
 * @refused: Completion of the store that failed last
 * @stats: What was done so far
 * @why: The last failure
 */
struct ism {
	struct zpcifd *zf;
	struct zpcifd_ring ring;
	uint32_t ioas;
	uint32_t payload_len;
	int irqfd;
	struct ism_hw_sba *sba;
	struct ism_hw_ieq *ieq;
	bool sba_registered;
	bool ieq_registered;
	unsigned int ieq_read;
	uint64_t gid;
	unsigned int queued;
	struct zpcifd_sqe *last;
	struct zpcifd_cqe refused;
	struct ism_stats stats;
	char why[320];
};

/* Taking a function into use */

int ism_open(struct ism *ism, const char *name, uint32_t payload_len);
int ism_close(struct ism *ism);
int ism_dmb_alloc(struct ism *ism, struct ism_dmb *dmb, uint32_t idx,
		  uint32_t len);
void ism_dmb_free(struct ism *ism, struct ism_dmb *dmb);
[[gnu::format(printf, 3, 4)]]
int ism_fail(struct ism *ism, int err, const char *fmt, ...);

/* Commands. -EREMOTEIO: the function did not like it, and the sentence says how */

int ism_register_sba(struct ism *ism, uint64_t iova);
int ism_unregister_sba(struct ism *ism);
int ism_register_ieq(struct ism *ism, uint64_t iova);
int ism_unregister_ieq(struct ism *ism);
int ism_read_gid(struct ism *ism, uint64_t *gid);
int ism_query_info(struct ism *ism, struct ism_hw_info *info);
int ism_query_rgid(struct ism *ism, uint64_t rgid, const uint32_t *vlan);
int ism_add_vlan_id(struct ism *ism, uint32_t vlan);
int ism_del_vlan_id(struct ism *ism, uint32_t vlan);
int ism_register_dmb(struct ism *ism, struct ism_dmb *dmb, uint64_t rgid,
		     const uint32_t *vlan);
int ism_unregister_dmb(struct ism *ism, const struct ism_dmb *dmb);
int ism_signal(struct ism *ism, uint64_t rgid, uint32_t code, uint64_t info);

/* Data */

/**
 * ism_payload - Where bytes must be to be stored: ism.payload_len bytes
 * @ism: The function
 */
static inline void *ism_payload(const struct ism *ism)
{
	return zpcifd_ring_data(&ism->ring);
}

/**
 * struct ism_target - A DMB of a peer
 * @tok: Its token
 * @idx: The bit of its mask that tells of the store, 0 to 12
 * @sf: Tell its owner of the store; else the owner hears of it with the next
 */
struct ism_target {
	uint64_t tok;
	unsigned int idx;
	bool sf;
};

int ism_move(struct ism *ism, const struct ism_target *target, uint32_t offset,
	     uint32_t payload, uint32_t len);
int ism_run(struct ism *ism);

/* Interrupts */

/**
 * struct ism_handler - Who wants to know
 * @dmb: Something was stored to the DMB @idx by stores that set @mask; 0 when
 *	the interrupt before told of it already
 * @event: There is an event
 *
 * A handler that does not return 0 ends the scan; ism_wait() returns what it
 * returned.
 */
struct ism_handler {
	int (*dmb)(void *arg, unsigned int idx, uint16_t mask);
	int (*event)(void *arg, const struct ism_event *event);
};

int ism_wait(struct ism *ism, int timeout_ms, const struct ism_handler *handler,
	     void *arg);

#endif /* EXAMPLES_ISM_H */
