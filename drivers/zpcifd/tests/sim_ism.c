// SPDX-License-Identifier: GPL-2.0-only
/*
 * Model ism without memory: sequences in the command space, what commands
 * answer, and what both address spaces refuse. The selftests have the rest,
 * which needs DMA.
 */
#include <linux/unaligned.h>

#include "sim_function.h"

enum {
	SIM_ISM_REG_SBA = 0x01,
	SIM_ISM_REG_IEQ = 0x02,
	SIM_ISM_READ_GID = 0x03,
	SIM_ISM_ADD_VLAN_ID = 0x04,
	SIM_ISM_DEL_VLAN_ID = 0x05,
	SIM_ISM_QUERY_INFO = 0x08,
	SIM_ISM_QUERY_RGID = 0x09,
	SIM_ISM_REG_DMB = 0x0a,
	SIM_ISM_UNREG_DMB = 0x0b,
	SIM_ISM_SIGNAL_IEQ = 0x0e,
	SIM_ISM_UNREG_SBA = 0x11,
	SIM_ISM_UNREG_IEQ = 0x12,
};

static struct zsim_function *sim_ism_function(struct kunit *test, u32 fid,
					      u16 fabric)
{
	struct zsim_attrs attrs = zsim_model_ism.defaults;

	attrs.model = &zsim_model_ism;
	attrs.fid = fid;
	attrs.pchid = fabric;
	return sim_function_create(test, &attrs);
}

/* The first half of a sequence; what the header's store answers is in @insn */
static void sim_ism_send(struct kunit *test, struct zsim_function *fn, u32 cmd,
			 const void *args, u32 len, struct zpcifd_insn *insn)
{
	u8 hdr[8] = {};

	put_unaligned_be32(cmd, hdr);
	put_unaligned_be16(len + 8, hdr + 6);
	if (len) {
		KUNIT_ASSERT_EQ(test, 0,
				sim_function_block(fn, 2, 8, len, args, insn));
		KUNIT_ASSERT_EQ(test, 0, insn->cc);
	}
	KUNIT_ASSERT_EQ(test, 0, sim_function_block(fn, 2, 0, 8, hdr, insn));
}

static u64 sim_ism_word(struct kunit *test, struct zsim_function *fn, u64 offset)
{
	struct zpcifd_insn insn;

	KUNIT_ASSERT_EQ(test, 0, sim_function_load(fn, 2, offset, 8, &insn));
	KUNIT_ASSERT_EQ(test, 0, insn.cc);
	return insn.data;
}

/* A whole sequence. Returns the response's code, its words in @response. */
static u16 sim_ism_command(struct kunit *test, struct zsim_function *fn, u32 cmd,
			   const void *args, u32 len, u64 *response)
{
	struct zpcifd_insn insn;
	u16 ret, response_len;
	u64 hdr, offset;

	sim_ism_send(test, fn, cmd, args, len, &insn);
	KUNIT_ASSERT_EQ(test, 0, insn.cc);
	hdr = sim_ism_word(test, fn, 0);
	KUNIT_EXPECT_EQ(test, (u64)cmd, hdr >> 32);
	ret = hdr >> 16;
	response_len = hdr;
	if (ret)
		KUNIT_EXPECT_EQ(test, 8, response_len);
	for (offset = 8; offset < response_len; offset += 8)
		response[offset / 8 - 1] = sim_ism_word(test, fn, offset);
	return ret;
}

static u16 sim_ism_command64(struct kunit *test, struct zsim_function *fn,
			     u32 cmd, u64 arg)
{
	u8 args[8];

	put_unaligned_be64(arg, args);
	return sim_ism_command(test, fn, cmd, args, sizeof(args), NULL);
}

static u64 sim_ism_gid(struct kunit *test, struct zsim_function *fn)
{
	u64 gid = 0;

	KUNIT_ASSERT_EQ(test, 0,
			sim_ism_command(test, fn, SIM_ISM_READ_GID, NULL, 0, &gid));
	return gid;
}

static u16 sim_ism_query(struct kunit *test, struct zsim_function *fn, u64 gid,
			 u32 vlan_valid, u32 vlan)
{
	u8 args[16];

	put_unaligned_be64(gid, args);
	put_unaligned_be32(vlan_valid, args + 8);
	put_unaligned_be32(vlan, args + 12);
	return sim_ism_command(test, fn, SIM_ISM_QUERY_RGID, args, sizeof(args),
			       NULL);
}

static void every_command_has_one_length(struct kunit *test)
{
	static const struct {
		u32 cmd;
		u32 args_len;
	} commands[] = {
		{ SIM_ISM_REG_SBA, 8 }, { SIM_ISM_REG_IEQ, 16 },
		{ SIM_ISM_READ_GID, 0 }, { SIM_ISM_ADD_VLAN_ID, 8 },
		{ SIM_ISM_DEL_VLAN_ID, 8 }, { SIM_ISM_QUERY_INFO, 0 },
		{ SIM_ISM_QUERY_RGID, 16 }, { SIM_ISM_REG_DMB, 32 },
		{ SIM_ISM_UNREG_DMB, 8 }, { SIM_ISM_SIGNAL_IEQ, 24 },
		{ SIM_ISM_UNREG_SBA, 0 }, { SIM_ISM_UNREG_IEQ, 0 },
	};
	struct zsim_function *fn = sim_ism_function(test, 1, 0);
	static const u8 args[48];
	u64 response[24];
	unsigned int i;
	u32 len;
	u16 ret;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		for (len = 0; len <= sizeof(args); len += 8) {
			ret = sim_ism_command(test, fn, commands[i].cmd, args, len,
					      response);
			KUNIT_EXPECT_EQ_MSG(test, len != commands[i].args_len,
					    ret == ZSIM_ISM_BAD_LENGTH,
					    "command %#x, length %u",
					    commands[i].cmd, len);
		}
}

static void unknown_commands_are_refused(struct kunit *test)
{
	static const u32 cmds[] = { 0, 6, 7, 0xc, 0xd, 0xf, 0x10, 0x13, ~0U };
	struct zsim_function *fn = sim_ism_function(test, 1, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++)
		KUNIT_EXPECT_EQ(test, ZSIM_ISM_BAD_COMMAND,
				sim_ism_command(test, fn, cmds[i], NULL, 0, NULL));
}

static void a_function_without_dma_registers_nothing(struct kunit *test)
{
	struct zsim_function *fn = sim_ism_function(test, 1, 0);
	u8 args[32] = {};

	put_unaligned_be64(SZ_4G, args);
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_BAD_ADDRESS,
			sim_ism_command(test, fn, SIM_ISM_REG_SBA, args, 8, NULL));
	put_unaligned_be64(512, args + 8);
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_BAD_ADDRESS,
			sim_ism_command(test, fn, SIM_ISM_REG_IEQ, args, 16, NULL));
	put_unaligned_be32(SZ_64K, args + 8);
	put_unaligned_be32(32, args + 12);
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_BAD_ADDRESS,
			sim_ism_command(test, fn, SIM_ISM_REG_DMB, args, 32, NULL));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_BAD_STATE,
			sim_ism_command(test, fn, SIM_ISM_UNREG_SBA, NULL, 0, NULL));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_BAD_STATE,
			sim_ism_command(test, fn, SIM_ISM_UNREG_IEQ, NULL, 0, NULL));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_BAD_TOKEN,
			sim_ism_command64(test, fn, SIM_ISM_UNREG_DMB, 1 << 28));
}

static void functions_of_one_fabric_see_each_other(struct kunit *test)
{
	struct zsim_function *a = sim_ism_function(test, 1, 5);
	struct zsim_function *b = sim_ism_function(test, 2, 5);
	struct zsim_function *c = sim_ism_function(test, 3, 6);
	u64 gid = sim_ism_gid(test, b);

	KUNIT_EXPECT_NE(test, gid, sim_ism_gid(test, a));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_OK, sim_ism_query(test, a, gid, 0, 0));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_NO_PEER, sim_ism_query(test, c, gid, 0, 0));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_NO_PEER,
			sim_ism_query(test, a, gid + 7, 0, 0));

	/* In a VLAN, when both are in it */
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_OK,
			sim_ism_command64(test, a, SIM_ISM_ADD_VLAN_ID, 9));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_NO_PEER, sim_ism_query(test, a, gid, 1, 9));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_OK,
			sim_ism_command64(test, b, SIM_ISM_ADD_VLAN_ID, 9));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_OK, sim_ism_query(test, a, gid, 1, 9));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_NO_PEER, sim_ism_query(test, a, gid, 1, 8));

	zsim_function_set_state(b, ZSIM_ERROR);
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_NO_PEER, sim_ism_query(test, a, gid, 0, 0));
}

static void vlans_are_added_once_and_up_to_64(struct kunit *test)
{
	struct zsim_function *fn = sim_ism_function(test, 1, 0);
	u64 info[24], vlan;

	KUNIT_EXPECT_EQ(test, ZSIM_ISM_BAD_VLAN,
			sim_ism_command64(test, fn, SIM_ISM_ADD_VLAN_ID, 0));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_BAD_VLAN,
			sim_ism_command64(test, fn, SIM_ISM_ADD_VLAN_ID, 4095));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_BAD_VLAN,
			sim_ism_command64(test, fn, SIM_ISM_ADD_VLAN_ID, 1ULL << 32 | 1));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_BAD_VLAN,
			sim_ism_command64(test, fn, SIM_ISM_DEL_VLAN_ID, 1));
	for (vlan = 1; vlan <= 64; vlan++)
		KUNIT_EXPECT_EQ(test, ZSIM_ISM_OK,
				sim_ism_command64(test, fn, SIM_ISM_ADD_VLAN_ID, vlan));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_NO_RESOURCES,
			sim_ism_command64(test, fn, SIM_ISM_ADD_VLAN_ID, 65));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_BAD_VLAN,
			sim_ism_command64(test, fn, SIM_ISM_ADD_VLAN_ID, 64));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_OK,
			sim_ism_command64(test, fn, SIM_ISM_DEL_VLAN_ID, 1));
	KUNIT_EXPECT_EQ(test, ZSIM_ISM_OK,
			sim_ism_command64(test, fn, SIM_ISM_ADD_VLAN_ID, 0x1fff));

	KUNIT_ASSERT_EQ(test, ZSIM_ISM_OK,
			sim_ism_command(test, fn, SIM_ISM_QUERY_INFO, NULL, 0, info));
	KUNIT_EXPECT_EQ(test, 64ULL, info[7] & U32_MAX);
	/* The last took the place of the one before it, which took the first's */
	KUNIT_EXPECT_EQ(test, 64ULL, info[8] >> 48);
	KUNIT_EXPECT_EQ(test, 0x1fffULL, info[23] & U16_MAX);
}

static void sim_ism_expect_error(struct kunit *test, struct zsim_function *fn,
				 const struct zpcifd_insn *insn)
{
	struct zpcifd_insn load;

	KUNIT_EXPECT_EQ(test, 1, insn->cc);
	KUNIT_EXPECT_EQ(test, 12, insn->status);
	KUNIT_EXPECT_EQ(test, 0, sim_function_load(fn, 2, 0, 8, &load));
	KUNIT_EXPECT_EQ(test, 1, load.cc);
	KUNIT_EXPECT_EQ(test, 12, load.status);
}

static void a_second_payload_puts_the_function_into_error(struct kunit *test)
{
	struct zsim_function *fn = sim_ism_function(test, 1, 0);
	static const u8 args[8];
	struct zpcifd_insn insn;

	sim_function_block(fn, 2, 8, 8, args, &insn);
	KUNIT_EXPECT_EQ(test, 0, insn.cc);
	sim_function_block(fn, 2, 8, 8, args, &insn);
	sim_ism_expect_error(test, fn, &insn);
}

static void a_header_without_room_for_the_payload_is_an_overlap(struct kunit *test)
{
	struct zsim_function *fn = sim_ism_function(test, 1, 0);
	static const u8 args[8];
	struct zpcifd_insn insn;

	sim_function_block(fn, 2, 8, 8, args, &insn);
	sim_ism_send(test, fn, SIM_ISM_READ_GID, NULL, 0, &insn);
	sim_ism_expect_error(test, fn, &insn);
}

static void a_header_before_the_response_is_read_is_an_overlap(struct kunit *test)
{
	struct zsim_function *fn = sim_ism_function(test, 1, 0);
	struct zpcifd_insn insn;

	sim_ism_send(test, fn, SIM_ISM_READ_GID, NULL, 0, &insn);
	KUNIT_EXPECT_EQ(test, 0, insn.cc);
	/* One word of two */
	sim_ism_word(test, fn, 0);
	sim_ism_send(test, fn, SIM_ISM_READ_GID, NULL, 0, &insn);
	sim_ism_expect_error(test, fn, &insn);
}

static void a_payload_may_come_in_pieces(struct kunit *test)
{
	struct zsim_function *fn = sim_ism_function(test, 1, 0);
	u64 gid = sim_ism_gid(test, fn);
	struct zpcifd_insn insn;
	u8 hdr[8] = {}, args[16] = {};

	put_unaligned_be64(gid, args);
	put_unaligned_be32(SIM_ISM_QUERY_RGID, hdr);
	put_unaligned_be16(24, hdr + 6);
	sim_function_block(fn, 2, 8, 5, args, &insn);
	sim_function_block(fn, 2, 13, 11, args + 5, &insn);
	sim_function_block(fn, 2, 0, 8, hdr, &insn);
	KUNIT_EXPECT_EQ(test, 0, insn.cc);
	KUNIT_EXPECT_EQ(test, (u64)SIM_ISM_QUERY_RGID << 32 | 8,
			sim_ism_word(test, fn, 0));
}

static void the_command_space_refuses_what_no_sequence_has(struct kunit *test)
{
	struct zsim_function *fn = sim_ism_function(test, 1, 0);
	static const u8 block[512];
	struct zpcifd_insn insn;
	static const struct {
		u64 offset;
		u32 len;
	} stores[] = {
		{ 0, 7 }, { 0, 16 }, { 1, 8 }, { 4, 8 }, { 16, 8 },
		{ 8, 249 }, { 256, 8 }, { 4088, 8 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stores); i++) {
		sim_function_block(fn, 2, stores[i].offset, stores[i].len, block,
				   &insn);
		KUNIT_EXPECT_EQ(test, 1, insn.cc);
		KUNIT_EXPECT_EQ(test, 40, insn.status);
	}
	sim_function_store(fn, 2, 8, 8, 0, &insn);
	KUNIT_EXPECT_EQ(test, 1, insn.cc);
	KUNIT_EXPECT_EQ(test, 20, insn.status);
	/* None of it was the beginning of a sequence */
	sim_ism_gid(test, fn);
}

static void the_data_space_takes_blocks_for_known_tokens_only(struct kunit *test)
{
	struct zsim_function *fn = sim_ism_function(test, 1, 0);
	static const u8 block[8];
	struct zpcifd_insn insn;
	u64 offset;

	for (offset = 0; offset < 1ULL << 48; offset = offset * 2 + (1 << 23)) {
		sim_function_block(fn, 0, offset, 8, block, &insn);
		KUNIT_EXPECT_EQ(test, 1, insn.cc);
		KUNIT_EXPECT_EQ(test, 40, insn.status);
	}
	sim_function_store(fn, 0, 1 << 28, 8, 0, &insn);
	KUNIT_EXPECT_EQ(test, 20, insn.status);
	sim_function_load(fn, 0, 1 << 28, 8, &insn);
	KUNIT_EXPECT_EQ(test, 20, insn.status);
	KUNIT_EXPECT_EQ(test, -ENXIO,
			sim_function_block(fn, 0, 1ULL << 48, 8, block, &insn));
}

static struct kunit_case sim_ism_cases[] = {
	KUNIT_CASE(every_command_has_one_length),
	KUNIT_CASE(unknown_commands_are_refused),
	KUNIT_CASE(a_function_without_dma_registers_nothing),
	KUNIT_CASE(functions_of_one_fabric_see_each_other),
	KUNIT_CASE(vlans_are_added_once_and_up_to_64),
	KUNIT_CASE(a_second_payload_puts_the_function_into_error),
	KUNIT_CASE(a_header_without_room_for_the_payload_is_an_overlap),
	KUNIT_CASE(a_header_before_the_response_is_read_is_an_overlap),
	KUNIT_CASE(a_payload_may_come_in_pieces),
	KUNIT_CASE(the_command_space_refuses_what_no_sequence_has),
	KUNIT_CASE(the_data_space_takes_blocks_for_known_tokens_only),
	{}
};

static struct kunit_suite sim_ism_suite = {
	.name = "zpcifd_sim_ism",
	.test_cases = sim_ism_cases,
};

kunit_test_suite(sim_ism_suite);
