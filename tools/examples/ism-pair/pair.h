/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ism-pair: two processes that own an ISM function each, and the one that
 * started them and tells how it went
 */
#ifndef EXAMPLES_ISM_PAIR_PAIR_H
#define EXAMPLES_ISM_PAIR_PAIR_H

#include <stdbool.h>
#include <stdint.h>
#include "../ism/ism.h"

/* The VLAN that both join: what SMC-D uses for peers that have none */
#define PAIR_VLAN 0x1fff

/* Code of the event that tells that everything was sent; its info is the checksum */
#define PAIR_END 0x5a

#define PAIR_NR_EVENTS 8

/**
 * struct options - What to do
 * @bytes: How much each side sends
 * @dmb_len: Length of a DMB, whole pages
 * @send_len: Bytes that are told to the peer at once, up to half the DMB's room
 * @timeout_ms: How long to wait for the peer
 * @step: Print progress in steps of so many percent, if it is not to a terminal
 * @kill: At the end kill the second side, which the first one has to hear of
 */
struct options {
	uint64_t bytes;
	uint32_t dmb_len;
	uint32_t send_len;
	unsigned int timeout_ms;
	unsigned int step;
	bool kill;
};

/**
 * struct told - How often a side was told by the mask of its DMB
 * @data: Of data
 * @room: Of room alone
 * @again: Of what it knew already
 * @torn: While the next message was being written
 */
struct told {
	unsigned long long data;
	unsigned long long room;
	unsigned long long again;
	unsigned long long torn;
};

/**
 * struct report - What a side tells of itself, in memory that all three share
 * @name: Its function
 * @gid: The function's GID
 * @simulated: It is a simulated one
 * @received: Bytes that it found in its DMB; read while it runs
 * @sent_sum: Checksum of what it sent
 * @received_sum: Checksum of what it found
 * @peer_sum: Checksum that its peer told it
 * @ns: Time from the first byte to the peer's last
 * @stats: What was done until the end of the transfer
 * @told: What it was told until then
 * @nr_events: Number of events
 * @event: The first of them
 * @killed_at: Bytes that it had received when it killed itself; read later
 * @refused: What it met when it stored to a peer that is gone
 * @why: Why it failed, "" if it did not
 */
struct report {
	char name[32];
	uint64_t gid;
	bool simulated;
	uint64_t received;
	uint64_t sent_sum;
	uint64_t received_sum;
	uint64_t peer_sum;
	uint64_t ns;
	struct ism_stats stats;
	struct told told;
	unsigned int nr_events;
	struct ism_event event[PAIR_NR_EVENTS];
	uint64_t killed_at;
	char refused[128];
	char why[320];
};

/**
 * struct checksum - Checksum of a stream of bytes
 * @sum: Of all whole words of 8 bytes
 * @word: What is not a whole one yet
 * @len: Bytes so far
 */
struct checksum {
	uint64_t sum;
	uint64_t word;
	uint64_t len;
};

/**
 * struct stream - One direction of a connection
 * @pos: Bytes that were sent, or that were taken from the DMB
 * @peer: Bytes that the peer has taken, or that it has sent
 * @told: Of a receiver: the value of @pos that the peer knows
 * @seed: Of a sender: which bytes it sends
 * @sum: Of the bytes up to @pos
 */
struct stream {
	uint64_t pos;
	uint64_t peer;
	uint64_t told;
	uint64_t seed;
	struct checksum sum;
};

/**
 * struct side - A process that owns a function
 * @ism: The function
 * @options: What to do
 * @report: How it went
 * @sock: Socket to the peer
 * @second: It is the second side
 * @dmb: Where the peer stores to
 * @peer_gid: The peer's function
 * @peer_tok: Token of the peer's DMB
 * @room: Bytes of data in a DMB
 * @tx: What is sent
 * @rx: What is received
 * @told: What it was told
 * @ended: The peer told that it has sent everything
 * @dmb_gone: The function told that the peer's DMB is gone
 * @peer_gone: The function told that the peer's function is gone
 */
struct side {
	struct ism ism;
	const struct options *options;
	struct report *report;
	int sock;
	bool second;
	struct ism_dmb dmb;
	uint64_t peer_gid;
	uint64_t peer_tok;
	uint32_t room;
	struct stream tx;
	struct stream rx;
	struct told told;
	bool ended;
	bool dmb_gone;
	bool peer_gone;
};

/* stream.c */
uint32_t stream_room(uint32_t dmb_len);
int stream_start(struct side *side);
int stream_wait(struct side *side);
int stream_send(struct side *side, uint64_t total);
int stream_receive(struct side *side);
uint64_t checksum_end(const struct checksum *sum);

/* side.c */
int side_run(struct side *side, const char *name);
uint64_t now_ns(void);

/* print.c */
void print_progress(const struct options *options, const struct report *report,
		    bool end);
void print_results(const struct options *options, const struct report *report);

#endif /* EXAMPLES_ISM_PAIR_PAIR_H */
