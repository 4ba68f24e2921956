// SPDX-License-Identifier: GPL-2.0
/*
 * Commands of an ISM function
 *
 * A command sequence is PCISTB of the request's payload at 8, PCISTB of its
 * header at 0, which executes it, and PCILG of the response, 8 bytes each. Two
 * sequences at once put a real function into error, so the whole sequence is
 * one chain: no other chain comes in between, whichever ring it is from. That is
 * why the rest of a response is loaded before it is known whether the command
 * failed, and there is one; what these loads find is looked at only then.
 */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <string.h>
#include "ism.h"

static_assert(sizeof(struct ism_hw_request) == 8, "request");
static_assert(offsetof(struct ism_hw_request, len) == 6, "request length");
static_assert(sizeof(struct ism_hw_response) == 8, "response");
static_assert(offsetof(struct ism_hw_response, ret) == 4, "response code");
static_assert(offsetof(struct ism_hw_response, len) == 6, "response length");
static_assert(sizeof(struct ism_hw_reg_sba) == 16, "REG_SBA");
static_assert(sizeof(struct ism_hw_reg_ieq) == 24, "REG_IEQ");
static_assert(offsetof(struct ism_hw_reg_ieq, len) == 16, "length of the IEQ");
static_assert(sizeof(struct ism_hw_vlan_id) == 16, "ADD_VLAN_ID");
static_assert(sizeof(struct ism_hw_query_rgid) == 24, "QUERY_RGID");
static_assert(offsetof(struct ism_hw_query_rgid, vlan_id) == 20, "VLAN");
static_assert(sizeof(struct ism_hw_reg_dmb) == 40, "REG_DMB");
static_assert(offsetof(struct ism_hw_reg_dmb, sba_idx) == 20, "index");
static_assert(offsetof(struct ism_hw_reg_dmb, vlan_id) == 28, "VLAN of a DMB");
static_assert(offsetof(struct ism_hw_reg_dmb, rgid) == 32, "peer of a DMB");
static_assert(sizeof(struct ism_hw_unreg_dmb) == 16, "UNREG_DMB");
static_assert(sizeof(struct ism_hw_signal_ieq) == 32, "SIGNAL_IEQ");
static_assert(offsetof(struct ism_hw_signal_ieq, event_code) == 20, "code");
static_assert(offsetof(struct ism_hw_signal_ieq, info) == 24, "info");
static_assert(sizeof(struct ism_hw_gid) == 16, "READ_GID");
static_assert(sizeof(struct ism_hw_dmb_tok) == 16, "token");
static_assert(sizeof(struct ism_hw_info) == 200, "QUERY_INFO");
static_assert(offsetof(struct ism_hw_info, my_gid) == 24, "own GID");
static_assert(offsetof(struct ism_hw_info, vlan_id) == 72, "VLANs");

/* QUERY_INFO is the longest: two stores and its response */
static_assert(2 + sizeof(struct ism_hw_info) / 8 <= ISM_CHAIN, "chain");

/**
 * struct command - A command
 * @name: What the architecture calls it
 * @request: The request, whose header is made here
 * @request_len: Its length
 * @response: Out: the response
 * @response_len: Its length
 */
struct command {
	const char *name;
	void *request;
	size_t request_len;
	void *response;
	size_t response_len;
};

static void queue(struct ism *ism, const struct command *c)
{
	uint32_t payload = ism->payload_len;
	unsigned int words = c->response_len / 8;
	struct zpcifd_sqe *sqe;

	memcpy((char *)zpcifd_ring_data(&ism->ring) + payload, c->request,
	       c->request_len);
	if (c->request_len > sizeof(struct ism_hw_request)) {
		sqe = zpcifd_ring_get_sqe(&ism->ring);
		zpcifd_prep_block(sqe, ISM_HW_AS_COMMAND, 8,
				  c->request_len - 8, payload + 8);
		sqe->flags = ZPCIFD_SQE_LINK | ZPCIFD_SQE_SKIP_SUCCESS;
		zpcifd_sqe_set_data(sqe, words);
	}
	sqe = zpcifd_ring_get_sqe(&ism->ring);
	zpcifd_prep_block(sqe, ISM_HW_AS_COMMAND, 0, 8, payload);
	sqe->flags = ZPCIFD_SQE_LINK | ZPCIFD_SQE_SKIP_SUCCESS;
	zpcifd_sqe_set_data(sqe, words);
	for (unsigned int i = 0; i < words; i++) {
		sqe = zpcifd_ring_get_sqe(&ism->ring);
		zpcifd_prep_load(sqe, ISM_HW_AS_COMMAND, 8 * i, 8);
		sqe->flags = i + 1 < words ? ZPCIFD_SQE_LINK : 0;
		zpcifd_sqe_set_data(sqe, i);
	}
}

/* Takes the words of the response, and the completion of what failed first */
static unsigned int reap(struct ism *ism, const struct command *c,
			 struct zpcifd_cqe *failed)
{
	unsigned int words = 0;
	struct zpcifd_cqe *cqe;

	while ((cqe = zpcifd_ring_peek_cqe(&ism->ring))) {
		if (!cqe->res && cqe->user_data == words) {
			uint64_t word = htobe64(cqe->data);

			memcpy((char *)c->response + 8 * words++, &word, 8);
		} else if (!failed->res) {
			*failed = *cqe;
		}
		zpcifd_ring_cq_advance(&ism->ring, 1);
	}
	return words;
}

static int execute(struct ism *ism, enum ism_hw_cmd cmd, const struct command *c)
{
	struct ism_hw_request *request = c->request;
	struct ism_hw_response *response = c->response;
	const char *name = zpcifd_name(ism->zf);
	struct zpcifd_cqe failed = { .res = 0 };
	unsigned int words;
	char text[128];
	int ret;

	request->cmd = htobe32(cmd);
	request->len = htobe16(c->request_len);
	memset(response, 0xff, c->response_len);
	queue(ism, c);
	ism->stats.submits++;
	ret = zpcifd_ring_submit(&ism->ring);
	if (ret < 0)
		return ism_fail(ism, ret, "%s: %s: %s", name, c->name,
				strerror(-ret));

	words = reap(ism, c, &failed);
	if (!words)
		return ism_fail(ism, failed.res ? failed.res : -EIO,
				"%s: %s: %s", name, c->name,
				zpcifd_cqe_str(&failed, text, sizeof(text)));
	ism->stats.commands++;
	if (response->ret)
		return ism_fail(ism, -EREMOTEIO,
				"%s: %s: the function answers %u; are its arguments right?",
				name, c->name, be16toh(response->ret));
	if (words != c->response_len / 8)
		return ism_fail(ism, failed.res ? failed.res : -EIO,
				"%s: response of %s: %s", name, c->name,
				zpcifd_cqe_str(&failed, text, sizeof(text)));
	if (be16toh(response->len) != c->response_len)
		return ism_fail(ism, -EPROTO,
				"%s: %s: a response of %u bytes, not of %zu",
				name, c->name, be16toh(response->len),
				c->response_len);
	return 0;
}

/* Executes a command with a response that is just a header */
#define EXECUTE(_ism, _cmd, _request) ({				\
	struct ism_hw_response _response;				\
									\
	execute(_ism, ISM_HW_##_cmd, &(struct command){			\
		#_cmd, _request, sizeof(*(_request)),			\
		&_response, sizeof(_response),				\
	});								\
})

/* Executes a command with an answer */
#define ASK(_ism, _cmd, _request, _response)				\
	execute(_ism, ISM_HW_##_cmd, &(struct command){			\
		#_cmd, _request, sizeof(*(_request)),			\
		_response, sizeof(*(_response)),			\
	})

int ism_register_sba(struct ism *ism, uint64_t iova)
{
	struct ism_hw_reg_sba request = { .sba = htobe64(iova) };

	return EXECUTE(ism, REG_SBA, &request);
}

int ism_unregister_sba(struct ism *ism)
{
	struct ism_hw_request request = { 0 };

	return EXECUTE(ism, UNREG_SBA, &request);
}

int ism_register_ieq(struct ism *ism, uint64_t iova)
{
	struct ism_hw_reg_ieq request = {
		.ieq = htobe64(iova),
		.len = htobe64(sizeof(struct ism_hw_ieq)),
	};

	return EXECUTE(ism, REG_IEQ, &request);
}

int ism_unregister_ieq(struct ism *ism)
{
	struct ism_hw_request request = { 0 };

	return EXECUTE(ism, UNREG_IEQ, &request);
}

int ism_read_gid(struct ism *ism, uint64_t *gid)
{
	struct ism_hw_request request = { 0 };
	struct ism_hw_gid response;
	int ret;

	ret = ASK(ism, READ_GID, &request, &response);
	if (!ret)
		*gid = be64toh(response.gid);
	return ret;
}

/**
 * ism_query_info - Ask what the function knows of itself
 * @ism: The function
 * @info: Out: the response, big-endian
 */
int ism_query_info(struct ism *ism, struct ism_hw_info *info)
{
	struct ism_hw_request request = { 0 };

	return ASK(ism, QUERY_INFO, &request, info);
}

/**
 * ism_query_rgid - Ask whether another function can be reached
 * @ism: The function
 * @rgid: The other one's GID
 * @vlan: In this VLAN; NULL for none
 */
int ism_query_rgid(struct ism *ism, uint64_t rgid, const uint32_t *vlan)
{
	struct ism_hw_query_rgid request = {
		.rgid = htobe64(rgid),
		.vlan_valid = htobe32(!!vlan),
		.vlan_id = htobe32(vlan ? *vlan : 0),
	};

	return EXECUTE(ism, QUERY_RGID, &request);
}

int ism_add_vlan_id(struct ism *ism, uint32_t vlan)
{
	struct ism_hw_vlan_id request = { .vlan_id = htobe64(vlan) };

	return EXECUTE(ism, ADD_VLAN_ID, &request);
}

int ism_del_vlan_id(struct ism *ism, uint32_t vlan)
{
	struct ism_hw_vlan_id request = { .vlan_id = htobe64(vlan) };

	return EXECUTE(ism, DEL_VLAN_ID, &request);
}

/**
 * ism_register_dmb - Let a peer store to a DMB
 * @ism: The function
 * @dmb: What ism_dmb_alloc() made; gets its token
 * @rgid: The peer's GID
 * @vlan: The VLAN that both are in; NULL for none
 */
int ism_register_dmb(struct ism *ism, struct ism_dmb *dmb, uint64_t rgid,
		     const uint32_t *vlan)
{
	struct ism_hw_reg_dmb request = {
		.dmb = htobe64(dmb->iova),
		.dmb_len = htobe32(dmb->len),
		.sba_idx = htobe32(dmb->idx),
		.vlan_valid = htobe32(!!vlan),
		.vlan_id = htobe32(vlan ? *vlan : 0),
		.rgid = htobe64(rgid),
	};
	struct ism_hw_dmb_tok response;
	int ret;

	ret = ASK(ism, REG_DMB, &request, &response);
	if (!ret)
		dmb->tok = be64toh(response.dmb_tok);
	return ret;
}

/** ism_unregister_dmb - Take a DMB back; its peer has an event */
int ism_unregister_dmb(struct ism *ism, const struct ism_dmb *dmb)
{
	struct ism_hw_unreg_dmb request = { .dmb_tok = htobe64(dmb->tok) };

	return EXECUTE(ism, UNREG_DMB, &request);
}

/**
 * ism_signal - Put an event into the IEQ of another function
 * @ism: The function
 * @rgid: The other one's GID
 * @code: Code of the event, which both know the meaning of
 * @info: More about it
 */
int ism_signal(struct ism *ism, uint64_t rgid, uint32_t code, uint64_t info)
{
	struct ism_hw_signal_ieq request = {
		.rgid = htobe64(rgid),
		.trigger_irq = htobe32(1),
		.event_code = htobe32(code),
		.info = htobe64(info),
	};

	return EXECUTE(ism, SIGNAL_IEQ, &request);
}
