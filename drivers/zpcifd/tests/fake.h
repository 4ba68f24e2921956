/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A function whose instructions answer by a script and are logged, and rings
 * for it that a test drives as user space would
 */
#ifndef __ZPCIFD_TESTS_FAKE_H
#define __ZPCIFD_TESTS_FAKE_H

#include <kunit/test.h>

#include "zpcifd_private.h"

/* Instructions that the log holds; later ones are only counted */
#define ZPCIFD_FAKE_LOG 512

/* Dimensions of the fake function, see zpcifd_fake_create() */
#define ZPCIFD_FAKE_BAR_LEN 0x10000
#define ZPCIFD_FAKE_MAXSTBL 128

/**
 * struct zpcifd_fake_answer - What an instruction answers
 * @ret: What the provider's op returns, 0 for @cc and @status
 * @cc: Condition code
 * @status: Status
 * @data: What a PCILG loads
 */
struct zpcifd_fake_answer {
	int ret;
	u8 cc;
	u8 status;
	u64 data;
};

/**
 * struct zpcifd_fake - A function whose instructions follow a script
 * @zd: The function, not registered
 * @answers: What the first instructions answer, in order
 * @nr_answers: Length of @answers
 * @rest: What all later instructions answer; success unless the test sets it
 * @on_issue: Called while the nth instruction, counted from 0, runs
 * @priv: For @on_issue
 * @nsec: How long an instruction takes at least
 * @lock: Protects @issued and @log
 * @issued: Instructions that arrived
 * @log: Those instructions, as they arrived
 */
struct zpcifd_fake {
	struct zpcifd_device zd;
	const struct zpcifd_fake_answer *answers;
	unsigned int nr_answers;
	struct zpcifd_fake_answer rest;
	void (*on_issue)(struct zpcifd_fake *fake, unsigned int n);
	void *priv;
	u64 nsec;
	spinlock_t lock; /* see above */
	unsigned int issued;
	struct zpcifd_insn log[ZPCIFD_FAKE_LOG];
};

struct zpcifd_fake *zpcifd_fake_create(struct kunit *test);
struct zpcifd_ring *zpcifd_fake_ring(struct kunit *test,
				     struct zpcifd_fake *fake, u32 sq_entries,
				     u32 cq_entries, u32 data_len);

void zpcifd_fake_set_counters(struct zpcifd_ring *ring, u32 sq, u32 cq);
void zpcifd_fake_submit(struct zpcifd_ring *ring, const struct zpcifd_sqe *sqe);
void zpcifd_fake_submit_loads(struct zpcifd_ring *ring, u64 user_data,
			      unsigned int n, u8 flags);
int zpcifd_fake_enter(struct zpcifd_ring *ring, u32 count);
bool zpcifd_fake_reap(struct zpcifd_ring *ring, struct zpcifd_cqe *cqe);
struct zpcifd_cqe zpcifd_fake_expect(struct kunit *test,
				     struct zpcifd_ring *ring, u64 user_data,
				     int res);
void zpcifd_fake_expect_none(struct kunit *test, struct zpcifd_ring *ring);

#endif /* __ZPCIFD_TESTS_FAKE_H */
