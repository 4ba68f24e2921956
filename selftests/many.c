// SPDX-License-Identifier: GPL-2.0
/*
 * Many simulated functions at once: made, bound, used and removed in parallel,
 * a thread for each. Nothing of them is left behind, not even a reference to the
 * modules. The three ways to submit go by turns among them, so that they meet, and
 * each of them meets each way in which a function goes.
 */
#include <pthread.h>
#include <sys/eventfd.h>

#include "sim_own.h"
#include "submit.h"

#define FUNCTIONS 100
#define BATCH 8
#define SLOW 600

/* How a function goes, by turns */
enum end {
	/* Its owner closes it first */
	END_CLOSED,
	/* While it is owned */
	END_NOT_LIVE,
	END_REMOVED,
	/* It is pulled out at one of the instructions of a batch */
	END_PULLED_OUT,
	NR_ENDS,
};

struct worker {
	unsigned int number;
	enum end end;
	const struct submission *submission;
	pthread_barrier_t *barrier;
	char dir[64];
	struct function f;
	struct ring r;
	int eventfd;
	/* The step that failed, NULL if none did, and its errno */
	const char *failed;
	int error;
};

FIXTURE(many)
{
	struct function f;
};

FIXTURE_SETUP(many)
{
	function_open(_metadata, &self->f);
	if (!is_simulated(&self->f))
		SKIP(return, "a physical function cannot be made");
}

FIXTURE_TEARDOWN(many)
{
	EXPECT_EQ(0, function_bind(&self->f));
	expect_works(_metadata, self->f.fd);
	function_close(&self->f);
}

/* Returns whether all went well so far, and remembers the first step that did not */
static bool step(struct worker *w, const char *what, int ret)
{
	if (ret && !w->failed) {
		w->failed = what;
		w->error = ret;
	}
	return !w->failed;
}

static int wire(struct worker *w)
{
	__s32 fds[2];
	struct zpcifd_irq_set irq = {
		.size = sizeof(irq),
		.type = ZPCIFD_IRQ_MSIX,
		.count = ARRAY_LEN(fds),
		.eventfds = (uintptr_t)fds,
	};

	w->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->eventfd < 0)
		return -errno;
	fds[0] = w->eventfd;
	fds[1] = w->eventfd;
	return call(w->f.fd, ZPCIFD_IRQ_SET, &irq);
}

static int open_ring(struct worker *w)
{
	w->r.layout = (struct zpcifd_ring_create){
		.sq_entries = BATCH, .cq_entries = BATCH, .data_len = TEST_PAGE,
	};
	return ring_make(w->f.fd, &w->r, w->submission);
}

static void make(struct worker *w)
{
	step(w, "mkdir", mkdir(w->dir, 0755) ? -errno : 0);
	if (step(w, "live", sim_set(w->dir, "live", "1")) &&
	    step(w, "open", sim_open_function(w->dir, &w->f)) &&
	    step(w, "BIND_IOMMUFD", function_bind(&w->f)) &&
	    step(w, "ATTACH", function_attach(&w->f, w->f.ioas)) &&
	    step(w, "IRQ_SET", wire(w)))
		step(w, "RING_CREATE", open_ring(w));
}

/*
 * Stores a number of the function's own, rings its doorbell, and loads what was
 * stored. Returns a negative errno when another function's number comes back.
 */
static int use(struct worker *w)
{
	__u64 mark = 0x1122334400000000 + w->number;
	struct zpcifd_cqe cqe;
	eventfd_t count;
	int i, ret;

	ring_push(&w->r, sqe_store(0, TEST_SCRATCH, 8, mark));
	ring_push(&w->r, sqe_store(0, 8, 4, 1));
	for (i = 2; i < BATCH; i++)
		ring_push(&w->r, sqe_load(0, TEST_SCRATCH, 8));
	ret = ring_enter(&w->r, INT_MAX);
	if (ret != BATCH)
		return ret < 0 ? ret : -EIO;
	for (i = 0; i < BATCH; i++) {
		if (!ring_pop(&w->r, &cqe))
			return -ENODATA;
		if (cqe.res)
			return cqe.res;
		if (i >= 2 && cqe.data != mark)
			return -EBADMSG;
	}
	if (eventfd_read(w->eventfd, &count))
		return -errno;
	return count == 1 ? 0 : -EBADMSG;
}

static int pull_out(struct worker *w)
{
	struct zpcifd_cqe cqe;
	int i, taken, ret;

	ret = sim_set(w->dir, "fault_remove", "4");
	if (ret)
		return ret;
	for (i = 0; i < BATCH; i++)
		ring_push(&w->r, sqe_id());
	taken = ring_enter(&w->r, INT_MAX);
	if (taken < 4)
		return taken < 0 ? taken : -EIO;
	for (i = 0; i < taken; i++) {
		if (!ring_pop(&w->r, &cqe))
			return -ENODATA;
		if (cqe.res != (i < 3 ? 0 : -ENODEV))
			return cqe.res ?: -EBADMSG;
	}
	return 0;
}

static void end(struct worker *w)
{
	if (w->end == END_PULLED_OUT)
		step(w, "pulling out", pull_out(w));
	if (w->end == END_NOT_LIVE)
		step(w, "not live", sim_set(w->dir, "live", "0"));
	if (w->end == END_CLOSED) {
		close(w->f.fd);
		step(w, "ENTER when closed", ring_enter(&w->r, 1) == -ENODEV ? 0 : -EIO);
	}
	step(w, "rmdir", rmdir(w->dir) ? -errno : 0);
	if (w->end != END_CLOSED) {
		step(w, "INFO when gone",
		     function_info(w->f.fd, &w->f.info) == -ENODEV ? 0 : -EIO);
		step(w, "ENTER when gone", ring_enter(&w->r, 1) == -ENODEV ? 0 : -EIO);
		close(w->f.fd);
	}
	ring_close(&w->r);
	close(w->eventfd);
	step(w, "destruction of the IOAS", iommufd_destroy(w->f.iommufd, w->f.ioas));
	close(w->f.iommufd);
}

/* All functions are there at once, and all are used at once */
static void *work(void *data)
{
	struct worker *w = data;

	make(w);
	pthread_barrier_wait(w->barrier);
	if (!w->failed)
		step(w, "use", use(w));
	pthread_barrier_wait(w->barrier);
	if (!w->failed)
		end(w);
	return NULL;
}

/* What may be left behind, in numbers */
struct traces {
	unsigned int configfs, debugfs, class, devices, fds;
	char framework[32], simulator[32];
};

static void take_traces(struct __test_metadata *_metadata, struct traces *t)
{
	t->configfs = count_entries(SIM_CONFIGFS);
	t->debugfs = count_entries(SIM_DEBUGFS);
	t->class = count_entries("/sys/class/zpcifd");
	t->devices = count_entries("/dev/zpci");
	t->fds = count_fds();
	ASSERT_EQ(0, file_read("/sys/module/zpcifd/refcnt", t->framework, sizeof(t->framework)));
	ASSERT_EQ(0, file_read("/sys/module/zpcifd_sim/refcnt", t->simulator,
			       sizeof(t->simulator)));
}

static void expect_same_traces(struct __test_metadata *_metadata, const struct traces *before)
{
	struct traces now;
	int i;

	/* A closed file is released a moment later */
	for (i = 0; i < 100; i++) {
		take_traces(_metadata, &now);
		if (!strcmp(before->framework, now.framework))
			break;
		usleep(10000);
	}
	EXPECT_EQ(before->configfs, now.configfs);
	EXPECT_EQ(before->debugfs, now.debugfs);
	EXPECT_EQ(before->class, now.class);
	EXPECT_EQ(before->devices, now.devices);
	EXPECT_EQ(before->fds, now.fds);
	EXPECT_STREQ(before->framework, now.framework);
	EXPECT_STREQ(before->simulator, now.simulator);
}

TEST_F_TIMEOUT(many, a_hundred_functions_made_used_and_removed_in_parallel_leave_nothing, SLOW)
{
	static const struct submission *const ways[] = { NULL, &submit_sqpoll, &submit_uring };
	static struct worker workers[FUNCTIONS];
	static pthread_t threads[FUNCTIONS];
	pthread_barrier_t barrier;
	struct traces before;
	unsigned int i;

	take_traces(_metadata, &before);
	ASSERT_EQ(0, pthread_barrier_init(&barrier, NULL, FUNCTIONS));
	for (i = 0; i < FUNCTIONS; i++) {
		workers[i] = (struct worker){
			.number = i,
			.end = i % NR_ENDS,
			.submission = ways[i % ARRAY_LEN(ways)],
			.barrier = &barrier,
		};
		snprintf(workers[i].dir, sizeof(workers[i].dir),
			 SIM_CONFIGFS "/selftest-many-%u", i);
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, work, &workers[i]));
	}
	for (i = 0; i < FUNCTIONS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	for (i = 0; i < FUNCTIONS; i++) {
		EXPECT_EQ(NULL, workers[i].failed) {
			TH_LOG("function %u, submission %u, end %u: %s: %s", i,
			       i % (unsigned int)ARRAY_LEN(ways), workers[i].end,
			       workers[i].failed, strerror(-workers[i].error));
		}
		/* For the next test */
		if (workers[i].failed)
			rmdir(workers[i].dir);
	}
	expect_same_traces(_metadata, &before);
}

TEST_HARNESS_MAIN
