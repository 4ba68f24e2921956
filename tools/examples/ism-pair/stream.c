// SPDX-License-Identifier: GPL-2.0
/*
 * Streams of bytes between two DMBs, in the manner of SMC-D
 *
 * A DMB starts with a message from the peer: how much it has sent and how much
 * it has taken. Behind that is a circle of data. A sender stores data, then the
 * message with sf, all of it as one chain; so whoever is told of the message
 * finds the data there. A receiver that has taken half a circle without sending
 * anything itself tells that alone.
 *
 * The data area of the ring is laid out as the peer's DMB, so a payload and the
 * place it is stored to always have the same offset in their page.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include "pair.h"

/* Of the mask of a DMB: what a message came with */
#define IDX_DATA 0
#define IDX_ROOM 1

/**
 * struct message - Start of a DMB
 * @sent: Bytes that the peer has sent
 * @taken: Bytes that the peer has taken
 * @check: Made of both
 *
 * A store need not be seen at once as a whole. A message that is seen in the
 * middle of a store has a wrong check, and another signal comes when the store
 * is done.
 */
struct message {
	uint64_t sent;
	uint64_t taken;
	uint64_t check;
};

/* Data starts behind the message, on purpose not at a page */
#define DATA_OFFSET 64

uint32_t stream_room(uint32_t dmb_len)
{
	return dmb_len - DATA_OFFSET;
}

/*
 * Each step is reversible, in the sum as in the word, so that one wrong word
 * always makes a wrong sum
 */
static uint64_t mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * 0x9e3779b97f4a7c15;
	return sum ^ sum >> 29;
}

static void checksum_byte(struct checksum *sum, uint8_t byte)
{
	sum->word = sum->word << 8 | byte;
	if (++sum->len % 8)
		return;
	sum->sum = mix(sum->sum, sum->word);
	sum->word = 0;
}

static void checksum_add(struct checksum *sum, const uint8_t *bytes, size_t len)
{
	uint64_t word;

	for (; len && sum->len % 8; len--)
		checksum_byte(sum, *bytes++);
	for (; len >= 8; len -= 8) {
		memcpy(&word, bytes, 8);
		sum->sum = mix(sum->sum, be64toh(word));
		sum->len += 8;
		bytes += 8;
	}
	for (; len; len--)
		checksum_byte(sum, *bytes++);
}

/* The checksum, of the length as well */
uint64_t checksum_end(const struct checksum *sum)
{
	return mix(mix(sum->sum, sum->word), sum->len);
}

/* Word @num of what is sent: no two of a stream are the same */
static uint64_t word_at(uint64_t seed, uint64_t num)
{
	uint64_t x = (seed ^ num) * 0xd6e8feb86659fd93;

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93;
	return htobe64(x ^ x >> 32);
}

/* The bytes from @pos on of what is sent */
static void fill(uint64_t seed, uint64_t pos, uint8_t *bytes, size_t len)
{
	uint64_t word;

	while (len) {
		size_t from = pos % 8, n = 8 - from < len ? 8 - from : len;

		word = word_at(seed, pos / 8);
		if (n == 8)
			memcpy(bytes, &word, 8);
		else
			memcpy(bytes, (char *)&word + from, n);
		pos += n;
		bytes += n;
		len -= n;
	}
}

/* Begins both directions at 0, with data that no run before had */
int stream_start(struct side *side)
{
	side->tx = (struct stream){ 0 };
	side->rx = (struct stream){ 0 };
	if (getrandom(&side->tx.seed, sizeof(side->tx.seed), 0) ==
	    sizeof(side->tx.seed))
		return 0;
	return ism_fail(&side->ism, -EIO, "no random number: %m");
}

static int store_message(struct side *side, unsigned int idx)
{
	const struct ism_target target = {
		.tok = side->peer_tok, .idx = idx, .sf = true,
	};
	struct message message = {
		.sent = htobe64(side->tx.pos),
		.taken = htobe64(side->rx.pos),
		.check = htobe64(mix(side->tx.pos, side->rx.pos)),
	};
	int ret;

	memcpy(ism_payload(&side->ism), &message, sizeof(message));
	ret = ism_move(&side->ism, &target, 0, 0, sizeof(message));
	if (!ret)
		ret = ism_run(&side->ism);
	if (!ret)
		side->rx.told = side->rx.pos;
	return ret;
}

/* Up to the circle's end, and from its start */
static uint32_t in_circle(const struct side *side, uint64_t pos, uint64_t len,
			  uint32_t *offset)
{
	uint32_t at = pos % side->room;

	*offset = DATA_OFFSET + at;
	return len < side->room - at ? len : side->room - at;
}

static int store_data(struct side *side, uint32_t len)
{
	const struct ism_target target = { .tok = side->peer_tok, .idx = IDX_DATA };
	uint8_t *area = ism_payload(&side->ism);
	uint32_t offset, piece;
	int ret = 0;

	for (; len && !ret; len -= piece) {
		piece = in_circle(side, side->tx.pos, len, &offset);
		fill(side->tx.seed, side->tx.pos, area + offset, piece);
		checksum_add(&side->tx.sum, area + offset, piece);
		ret = ism_move(&side->ism, &target, offset, offset, piece);
		side->tx.pos += piece;
	}
	return ret;
}

/**
 * stream_send - Send as much as the peer has room for
 * @side: This side
 * @total: Not beyond this byte
 *
 * Return: whether something was sent, or a negative errno
 */
int stream_send(struct side *side, uint64_t total)
{
	uint32_t len = side->options->send_len;
	bool sent = false;
	int ret;

	while (side->tx.pos < total) {
		if (total - side->tx.pos < len)
			len = total - side->tx.pos;
		if (side->room - (side->tx.pos - side->tx.peer) < len)
			break;
		ret = store_data(side, len);
		if (!ret)
			ret = store_message(side, IDX_DATA);
		if (ret)
			return ret;
		sent = true;
	}
	return sent;
}

/**
 * stream_receive - Take what the peer has sent
 * @side: This side
 *
 * Return: whether there was something, or a negative errno
 */
int stream_receive(struct side *side)
{
	const uint8_t *dmb = side->dmb.addr;
	uint64_t len = side->rx.peer - side->rx.pos;
	uint32_t offset, piece;
	bool received = len;

	for (; len; len -= piece) {
		piece = in_circle(side, side->rx.pos, len, &offset);
		checksum_add(&side->rx.sum, dmb + offset, piece);
		side->rx.pos += piece;
	}
	if (side->rx.pos - side->rx.told >= side->room / 2) {
		int ret = store_message(side, IDX_ROOM);

		if (ret)
			return ret;
	}
	return received;
}

/* Reads the message at the start of the DMB */
static int take_message(struct side *side)
{
	const struct message *message = side->dmb.addr;
	uint64_t sent = be64toh(__atomic_load_n(&message->sent, __ATOMIC_ACQUIRE));
	uint64_t taken = be64toh(__atomic_load_n(&message->taken, __ATOMIC_ACQUIRE));
	uint64_t check = be64toh(__atomic_load_n(&message->check, __ATOMIC_ACQUIRE));

	if (check != mix(sent, taken)) {
		side->told.torn++;
		return 0;
	}
	/* Of two signals the first one may tell of both messages */
	if (sent == side->rx.peer && taken == side->tx.peer) {
		side->told.again++;
		return 0;
	}
	if (sent < side->rx.peer || sent - side->rx.pos > side->room ||
	    taken < side->tx.peer || taken > side->tx.pos)
		return ism_fail(&side->ism, -EPROTO,
				"%s: the peer says it sent %llu bytes and took %llu, after %llu and %llu",
				side->report->name, (unsigned long long)sent,
				(unsigned long long)taken,
				(unsigned long long)side->rx.peer,
				(unsigned long long)side->tx.peer);
	side->rx.peer = sent;
	side->tx.peer = taken;
	return 0;
}

static int handle_dmb(void *arg, unsigned int idx, uint16_t mask)
{
	struct side *side = arg;

	if (idx != side->dmb.idx ||
	    mask & ~(ISM_HW_MASK(IDX_DATA) | ISM_HW_MASK(IDX_ROOM)))
		return ism_fail(&side->ism, -EPROTO,
				"%s: a signal for DMB %u, mask 0x%x: not one that the peer gives",
				side->report->name, idx, mask);
	side->told.data += !!(mask & ISM_HW_MASK(IDX_DATA));
	side->told.room += !!(mask & ISM_HW_MASK(IDX_ROOM));
	return take_message(side);
}

static int handle_event(void *arg, const struct ism_event *event)
{
	struct side *side = arg;
	struct report *report = side->report;

	if (report->nr_events < PAIR_NR_EVENTS)
		report->event[report->nr_events] = *event;
	report->nr_events++;

	if (event->type == ISM_HW_EVENT_SWR && event->code == PAIR_END &&
	    event->tok == side->peer_gid) {
		report->peer_sum = event->info;
		side->ended = true;
	} else if (event->type == ISM_HW_EVENT_BUF &&
		   event->code == ISM_HW_BUF_DMB_UNREGISTERED &&
		   event->tok == side->peer_tok) {
		side->dmb_gone = true;
	} else if (event->type == ISM_HW_EVENT_DEV) {
		/* Others in the fabric may go as well */
		if (event->code == ISM_HW_DEV_GID_DISABLED &&
		    event->tok == side->peer_gid)
			side->peer_gone = true;
	} else {
		return ism_fail(&side->ism, -EPROTO,
				"%s: an event of type %u, code 0x%x, token 0x%llx: not one of the peer's",
				report->name, event->type, event->code,
				(unsigned long long)event->tok);
	}
	return 0;
}

/* Waits until the function has something to tell, and hears it */
int stream_wait(struct side *side)
{
	static const struct ism_handler handler = {
		.dmb = handle_dmb,
		.event = handle_event,
	};

	return ism_wait(&side->ism, side->options->timeout_ms, &handler, side);
}
