// SPDX-License-Identifier: GPL-2.0
/*
 * One side of the pair: a process that owns an ISM function
 *
 * Both connect as SMC-D's peers do: each tells the other its GID over a socket,
 * asks its function whether it reaches the other one, joins the VLAN, registers
 * a DMB that the other may store to and tells its token. From there on data, room
 * and the end go through the functions alone; the socket is for knowing that the
 * other has come as far as this side.
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/socket.h>
#include "pair.h"

#define DMB_IDX(_side) (ISM_HW_FIRST_DMB + 5 + (_side)->second)

/* With --kill: what the second side receives before it dies */
#define KILL_BYTES (1024 * 1024)

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Tells the peer @mine and waits for its own; this is a barrier as well */
static int exchange(struct side *side, const char *what, uint64_t mine,
		    uint64_t *theirs)
{
	struct pollfd fd = { .fd = side->sock, .events = POLLIN };

	errno = 0;
	if (send(side->sock, &mine, sizeof(mine), MSG_NOSIGNAL) != sizeof(mine))
		return ism_fail(&side->ism, -EPIPE, "%s: tell the peer %s: %m",
				side->report->name, what);
	if (poll(&fd, 1, side->options->timeout_ms) != 1 ||
	    recv(side->sock, theirs, sizeof(*theirs), MSG_WAITALL) !=
	    sizeof(*theirs))
		return ism_fail(&side->ism, -EPIPE,
				"%s: the peer did not tell %s: %m",
				side->report->name, what);
	return 0;
}

static int barrier(struct side *side, const char *what)
{
	uint64_t theirs;

	return exchange(side, what, 0, &theirs);
}

/* Finds the peer in the fabric and the VLAN */
static int meet(struct side *side)
{
	const uint32_t vlan = PAIR_VLAN;
	struct ism *ism = &side->ism;
	struct ism_hw_info info;
	int ret;

	ret = ism_query_info(ism, &info);
	if (!ret && be64toh(info.my_gid) != ism->gid)
		ret = ism_fail(ism, -EPROTO,
			       "%s: READ_GID and QUERY_INFO tell two GIDs",
			       side->report->name);
	if (!ret)
		ret = exchange(side, "its GID", ism->gid, &side->peer_gid);
	if (!ret)
		ret = ism_query_rgid(ism, side->peer_gid, NULL);
	if (!ret)
		ret = ism_add_vlan_id(ism, vlan);
	if (!ret)
		ret = barrier(side, "that it has joined the VLAN");
	if (!ret)
		ret = ism_query_rgid(ism, side->peer_gid, &vlan);
	return ret;
}

static int connect_dmbs(struct side *side)
{
	const uint32_t vlan = PAIR_VLAN;
	struct ism *ism = &side->ism;
	int ret;

	side->dmb_gone = false;
	ret = stream_start(side);
	if (!ret)
		ret = ism_dmb_alloc(ism, &side->dmb, DMB_IDX(side),
				    side->options->dmb_len);
	if (!ret)
		ret = ism_register_dmb(ism, &side->dmb, side->peer_gid, &vlan);
	if (!ret)
		ret = exchange(side, "the token of its DMB", side->dmb.tok,
			       &side->peer_tok);
	return ret;
}

/* The peer still stores into the DMB until it has come here as well */
static int disconnect_dmbs(struct side *side)
{
	int ret;

	ret = barrier(side, "that it has everything");
	if (!ret)
		ret = ism_unregister_dmb(&side->ism, &side->dmb);
	while (!ret && !side->dmb_gone)
		ret = stream_wait(side);
	if (!ret)
		ret = barrier(side, "that it knows of the end");
	ism_dmb_free(&side->ism, &side->dmb);
	return ret;
}

/* Sends and receives all that there is to, in both directions at once */
static int transfer(struct side *side)
{
	const uint64_t total = side->options->bytes;
	int received, sent, ret = 0;

	while (!ret) {
		received = stream_receive(side);
		if (received < 0)
			return received;
		__atomic_store_n(&side->report->received, side->rx.pos,
				 __ATOMIC_RELAXED);
		sent = stream_send(side, total);
		if (sent < 0)
			return sent;
		if (side->tx.pos >= total && side->rx.pos >= total)
			return 0;
		if (!received && !sent)
			ret = stream_wait(side);
	}
	return ret;
}

/* Tells the peer the checksum of what was sent, and compares the peer's */
static int verify(struct side *side)
{
	struct report *report = side->report;
	int ret;

	report->sent_sum = checksum_end(&side->tx.sum);
	report->received_sum = checksum_end(&side->rx.sum);
	ret = ism_signal(&side->ism, side->peer_gid, PAIR_END, report->sent_sum);
	while (!ret && !side->ended)
		ret = stream_wait(side);
	if (ret || report->peer_sum == report->received_sum)
		return ret;
	return ism_fail(&side->ism, -EIO,
			"%s: the peer sent bytes with checksum %016llx, those in the DMB have %016llx",
			report->name, (unsigned long long)report->peer_sum,
			(unsigned long long)report->received_sum);
}

static int first_phase(struct side *side)
{
	uint64_t start = now_ns();
	int ret;

	ret = transfer(side);
	if (!ret)
		ret = verify(side);
	side->report->ns = now_ns() - start;
	if (!ret)
		ret = disconnect_dmbs(side);
	side->report->stats = side->ism.stats;
	side->report->told = side->told;
	return ret;
}

static int die(struct side *side)
{
	int ret = 0;

	while (side->rx.pos < KILL_BYTES && ret >= 0) {
		ret = stream_receive(side);
		if (!ret)
			ret = stream_wait(side);
	}
	if (ret < 0)
		return ret;
	__atomic_store_n(&side->report->killed_at, side->rx.pos,
			 __ATOMIC_RELEASE);
	kill(getpid(), SIGKILL);
	return -EINTR;
}

/* Sends until the peer is gone, by the IEQ and by what a store meets */
static int survive(struct side *side)
{
	struct report *report = side->report;
	int ret = 0;

	while (!side->peer_gone && !ret) {
		ret = stream_send(side, UINT64_MAX);
		if (ret == -EIO && side->ism.refused.res)
			break;
		ret = ret < 0 ? ret : stream_wait(side);
	}
	/* The peer may be gone before the event is read, never the other way round */
	if (ret == -EIO)
		ret = 0;
	while (!side->peer_gone && !ret)
		ret = stream_wait(side);
	if (ret)
		return ret;

	side->tx.peer = side->tx.pos;
	if (!side->ism.refused.res &&
	    stream_send(side, side->tx.pos + 1) >= 0)
		return ism_fail(&side->ism, -EPROTO,
				"%s: a store to a peer that is gone did not fail",
				report->name);
	zpcifd_cqe_str(&side->ism.refused, report->refused,
		       sizeof(report->refused));
	return ism_unregister_dmb(&side->ism, &side->dmb);
}

static int second_phase(struct side *side)
{
	int ret = connect_dmbs(side);

	if (!ret)
		ret = side->second ? die(side) : survive(side);
	ism_dmb_free(&side->ism, &side->dmb);
	return ret;
}

/**
 * side_run - Be one side of the pair
 * @side: This side, what to do filled in
 * @name: Its function
 *
 * Return: 0, or a negative errno with a sentence in the report
 */
int side_run(struct side *side, const char *name)
{
	struct report *report = side->report;
	struct ism *ism = &side->ism;
	int ret;

	ret = ism_open(ism, name, side->options->dmb_len);
	snprintf(report->name, sizeof(report->name), "%s",
		 ism->zf ? zpcifd_name(ism->zf) : name);
	if (!ret) {
		report->gid = ism->gid;
		report->simulated = zpcifd_info(ism->zf)->out_features &
				    ZPCIFD_FEATURE_SIM;
		side->room = stream_room(side->options->dmb_len);
		ret = meet(side);
	}
	if (!ret)
		ret = connect_dmbs(side);
	if (!ret)
		ret = first_phase(side);
	if (!ret && side->options->kill)
		ret = second_phase(side);
	if (!ret)
		ret = ism_del_vlan_id(ism, PAIR_VLAN);
	/* The failure that counts is the first one */
	if (ret)
		memcpy(report->why, ism->why, sizeof(report->why));
	if (ism_close(ism) && !ret) {
		memcpy(report->why, ism->why, sizeof(report->why));
		ret = -EIO;
	}
	return ret;
}
