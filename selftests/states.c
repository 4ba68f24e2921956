// SPDX-License-Identifier: GPL-2.0
/*
 * In whatever state its owner leaves it, by closing its file, by being killed or
 * because the function loses its driver: the function is disabled, masters no
 * bus, has no memory pinned, no interrupt and no thread, and works for the next
 * owner. A physical one works with the kernel's own driver in between.
 *
 * All of that is seen from outside, by another process than the owner, and is so
 * at once: a killed process's files are closed before it can be waited for.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "netlink_test.h"
#include "states_hold.h"

/* Milliseconds until files and threads are gone that nobody waits for */
#define PATIENCE 20000

/* As the kernel's driver read it before the tests */
static char disk[DISK_BYTES];
static ssize_t disk_len;

FIXTURE(owner)
{
	/* The function, open while nobody else owns it only, and how to ask for it */
	struct netlink n;
	struct looked at;
	struct looker looker;
	void *memory;
	/* Bytes that were pinned, and users of the framework, before */
	long pinned;
	long users;
	/* The owner, and how it is told what to do and tells what it did */
	pid_t child;
	int tell;
	int told;
};

FIXTURE_VARIANT(owner)
{
	const struct state *state;
};

FIXTURE_VARIANT_ADD(owner, that_only_opened_it) { .state = &states[STATE_OPEN] };
FIXTURE_VARIANT_ADD(owner, that_bound_it) { .state = &states[STATE_BOUND] };
FIXTURE_VARIANT_ADD(owner, that_lends_it_memory) { .state = &states[STATE_ATTACHED] };
FIXTURE_VARIANT_ADD(owner, that_took_its_memory_back) { .state = &states[STATE_DETACHED] };
FIXTURE_VARIANT_ADD(owner, with_a_ring) { .state = &states[STATE_RING] };
FIXTURE_VARIANT_ADD(owner, with_a_mapped_ring) { .state = &states[STATE_MAPPED] };
FIXTURE_VARIANT_ADD(owner, in_a_batch) { .state = &states[STATE_BATCH] };
FIXTURE_VARIANT_ADD(owner, in_a_chain) { .state = &states[STATE_CHAIN] };
FIXTURE_VARIANT_ADD(owner, in_a_slow_instruction) { .state = &states[STATE_SLOW] };
FIXTURE_VARIANT_ADD(owner, whose_function_stays_busy) { .state = &states[STATE_BUSY] };
FIXTURE_VARIANT_ADD(owner, whose_kernel_thread_works) { .state = &states[STATE_POLLED] };
FIXTURE_VARIANT_ADD(owner, whose_kernel_thread_sleeps) { .state = &states[STATE_POLLED_IDLE] };
FIXTURE_VARIANT_ADD(owner, with_an_io_uring_at_work) { .state = &states[STATE_URING] };
FIXTURE_VARIANT_ADD(owner, that_waits_in_poll) { .state = &states[STATE_WAITING] };
FIXTURE_VARIANT_ADD(owner, with_wired_vectors) { .state = &states[STATE_WIRED] };
FIXTURE_VARIANT_ADD(owner, that_is_interrupted) { .state = &states[STATE_INTERRUPTED] };
FIXTURE_VARIANT_ADD(owner, that_gave_a_narrowed_ring_away) { .state = &states[STATE_NARROWED] };
FIXTURE_VARIANT_ADD(owner, after_a_reset) { .state = &states[STATE_RESET] };
FIXTURE_VARIANT_ADD(owner, in_a_reset) { .state = &states[STATE_RESETTING] };
FIXTURE_VARIANT_ADD(owner, whose_function_is_in_error) { .state = &states[STATE_ERROR] };
FIXTURE_VARIANT_ADD(owner, whose_function_was_disabled) { .state = &states[STATE_DISABLED] };
FIXTURE_VARIANT_ADD(owner, whose_config_space_is_read) { .state = &states[STATE_LOOKED_AT] };
FIXTURE_VARIANT_ADD(owner, that_does_all_at_once) { .state = &states[STATE_ALL] };

static void sim_heal(struct __test_metadata *_metadata, const struct _test_data_owner *self)
{
	static const char *const faults[] = { "fault_delay", "fault_busy" };
	char path[512];
	unsigned int i;

	for (i = 0; self->at.sim[0] && i < ARRAY_LEN(faults); i++) {
		sim_path(&self->at, faults[i], path, sizeof(path));
		EXPECT_EQ(0, file_write(path, "0"));
	}
}

FIXTURE_SETUP(owner)
{
	struct function *f = &self->n.f;

	netlink_open(_metadata, &self->n);
	ASSERT_EQ(0, look_at(&self->at, f));
	/* Shared, or a fork would part it from what is pinned */
	self->memory = mmap(NULL, STATES_PINNED, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->memory);
	ASSERT_EQ(0, lend(f->iommufd, f->ioas, self->memory));
	/* A test that failed may have left it so */
	sim_heal(_metadata, self);
	/* The owner has the only file */
	close(f->fd);
	f->fd = -1;
	self->pinned = pinned_of(getpid());
	self->users = count_users();
	ASSERT_LT(0, self->users);
	self->tell = -1;
	self->told = -1;
}

FIXTURE_TEARDOWN(owner)
{
	netlink_close(&self->n);
}

static void be_owner(const struct function *f, const struct state *state, int tell, int told)
{
	struct owner o = { .f = *f, .told = told };
	struct report report = {};
	char command = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Its threads run all the time: let the test not wait for them */
	nice(19);
	o.f.fd = open(f->path, O_RDWR | O_CLOEXEC);
	report.ret = o.f.fd < 0 ? owner_step(&o, "open", -errno) : owner_enter(&o, state);
	do {
		memcpy(report.what, o.what, sizeof(report.what));
		if (write(told, &report, sizeof(report)) != sizeof(report) ||
		    read(tell, &command, 1) != 1)
			_exit(1);
		if (command == 'c')
			report.ret = owner_close(&o);
		else if (command == 'g')
			report.ret = owner_gone(&o);
	} while (command != 'e');
	_exit(0);
}

static struct report hear(struct __test_metadata *_metadata, struct _test_data_owner *self)
{
	struct report report = {};

	ASSERT_EQ(sizeof(report), read(self->told, &report, sizeof(report)));
	return report;
}

static void expect_well(struct __test_metadata *_metadata, struct _test_data_owner *self)
{
	struct report report = hear(_metadata, self);

	EXPECT_EQ(0, report.ret) {
		TH_LOG("%s: %s", report.what, strerror(-report.ret));
	}
}

static void tell(struct __test_metadata *_metadata, struct _test_data_owner *self, char command)
{
	ASSERT_EQ(1, write(self->tell, &command, 1));
}

/* What the tests look for is there to be seen before the end */
static void expect_state(struct __test_metadata *_metadata, struct _test_data_owner *self,
			 const struct state *state)
{
	long lent = pinned_of(getpid()) - self->pinned;
	struct function *f = &self->n.f;
	bool owned = state != &states[STATE_OPEN];
	struct answer a = get(_metadata, &self->n);

	EXPECT_EQ(owned, a.owned);
	EXPECT_EQ(owned ? self->child : 0, (pid_t)a.owner_pid);
	if (state == &states[STATE_DISABLED] || state == &states[STATE_ERROR])
		EXPECT_NE(ZPCIFD_STATE_ONLINE, a.state);
	EXPECT_EQ(owned, is_enabled(&self->at));
	if (state->flags & STATE_IS_MASTER)
		EXPECT_TRUE(config_get(_metadata, &self->at).master);
	if (state->flags & STATE_HAS_PINS)
		EXPECT_LT(0, lent + pinned_of(self->child));
	if (state->flags & STATE_HAS_NOTHING) {
		EXPECT_EQ(0, lent + pinned_of(self->child));
		EXPECT_FALSE(config_get(_metadata, &self->at).master);
	}
	if (lent)
		EXPECT_EQ(-EBUSY, iommufd_destroy(f->iommufd, f->ioas));
	if (state->flags & STATE_HAS_VECTORS) {
		EXPECT_TRUE(config_get(_metadata, &self->at).irqs);
		EXPECT_LT(0, count_vectors(&self->at));
	}
	if (state->flags & STATE_HAS_THREAD)
		EXPECT_EQ(1, count_threads(function_name(f)));
	EXPECT_LT(self->users, count_users());
}

/* Returns false when the function cannot come to the state, and says why */
static bool enter(struct __test_metadata *_metadata, struct _test_data_owner *self,
		  const struct state *state, struct report *report)
{
	int to[2], from[2], status;

	ASSERT_EQ(0, pipe(to));
	ASSERT_EQ(0, pipe(from));
	self->child = fork();
	ASSERT_LE(0, self->child);
	if (!self->child) {
		close(to[1]);
		close(from[0]);
		be_owner(&self->n.f, state, to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	self->tell = to[1];
	self->told = from[0];
	*report = hear(_metadata, self);
	if (report->ret == -EOPNOTSUPP) {
		tell(_metadata, self, 'e');
		ASSERT_EQ(self->child, waitpid(self->child, &status, 0));
		return false;
	}
	ASSERT_EQ(0, report->ret) {
		TH_LOG("%s: %s", report->what, strerror(-report->ret));
	}
	expect_state(_metadata, self, state);
	if (state->flags & STATE_IS_LOOKED_AT)
		ASSERT_EQ(0, looker_start(&self->looker, &self->at));
	return true;
}

/* Disabled, not a master, without memory, interrupts and a thread */
static void expect_quiet(struct __test_metadata *_metadata, struct _test_data_owner *self)
{
	struct config config = config_get(_metadata, &self->at);

	EXPECT_FALSE(is_enabled(&self->at));
	EXPECT_FALSE(config.master);
	EXPECT_FALSE(config.irqs);
	EXPECT_EQ(0, count_vectors(&self->at));
}

/* Nobody owns it */
static void expect_free(struct __test_metadata *_metadata, struct _test_data_owner *self)
{
	struct answer a = get(_metadata, &self->n);

	EXPECT_FALSE(a.owned);
	EXPECT_EQ(0, a.owner_pid);
	EXPECT_EQ(ZPCIFD_STATE_ONLINE, a.state);
	expect_quiet(_metadata, self);
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* One that has ended, which is waited for, may still be seen on its way out */
static void expect_no_thread(struct __test_metadata *_metadata, struct _test_data_owner *self)
{
	const char *name = function_name(&self->n.f);
	const long long end = now() + PATIENCE;

	while (count_threads(name) && now() < end)
		usleep(1000);
	EXPECT_EQ(0, count_threads(name));
}

/* The owner has ended, or lives on with all but the function */
static void expect_memory_back(struct __test_metadata *_metadata,
			       struct _test_data_owner *self, const struct state *state)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap), .ioas_id = self->n.f.ioas, .length = ~0ULL,
	};

	if (state->flags & STATE_IS_LOOKED_AT)
		looker_stop(&self->looker);
	if (state->flags & STATE_HAS_THREAD)
		expect_no_thread(_metadata, self);
	EXPECT_EQ(self->pinned, pinned_of(getpid()));
	EXPECT_EQ(0, pinned_of(self->child));
	EXPECT_EQ(0, call(self->n.f.iommufd, IOMMU_IOAS_UNMAP, &unmap));
	EXPECT_EQ(STATES_PINNED, unmap.length);
	EXPECT_EQ(0, iommufd_destroy(self->n.f.iommufd, self->n.f.ioas));
}

/*
 * The owner has exited, and nobody has a file of the function or of a ring any
 * more. An io_uring gives its files back when it likes.
 */
static void expect_no_file(struct __test_metadata *_metadata, struct _test_data_owner *self)
{
	const long long end = now() + PATIENCE;

	while (count_users() != self->users && now() < end)
		usleep(1000);
	EXPECT_EQ(self->users, count_users());
}

static int unplug(const struct _test_data_owner *self)
{
	char path[512];

	if (!self->at.sim[0])
		return file_write(PCI_DRIVER "/unbind", self->at.pci);
	sim_path(&self->at, "live", path, sizeof(path));
	return file_write(path, "0");
}

/* The kernel's driver takes a physical function, reads its disk, and gives it back */
static void expect_kernel_works(struct __test_metadata *_metadata,
				struct _test_data_owner *self)
{
	static char again[DISK_BYTES];
	char path[512], driver[256];
	ssize_t len;

	ASSERT_EQ(0, pci_give(self->at.pci, "\n"));
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver", self->at.pci);
	len = readlink(path, driver, sizeof(driver) - 1);
	ASSERT_LT(0, len) {
		TH_LOG("the kernel's driver did not take %s", self->at.pci);
	}
	driver[len] = 0;
	EXPECT_STRNE("zpcifd", basename(driver));
	len = kernel_read(self->at.pci, again);
	ASSERT_EQ(disk_len, len);
	EXPECT_EQ(0, memcmp(disk, again, len));
	ASSERT_EQ(0, pci_give(self->at.pci, "zpcifd"));
}

/* The function is there, under its name, and works for the next owner */
static void expect_next_owner(struct __test_metadata *_metadata, struct _test_data_owner *self)
{
	struct function f;

	function_open_bound(_metadata, &f);
	EXPECT_EQ(0, function_attach(&f, f.ioas));
	expect_works(_metadata, f.fd);
	function_close(&f);
	expect_free(_metadata, self);
}

static void expect_works_again(struct __test_metadata *_metadata, struct _test_data_owner *self)
{
	char path[512];

	expect_no_file(_metadata, self);
	if (self->at.pci[0]) {
		expect_kernel_works(_metadata, self);
	} else if (is_enabled(&self->at)) {
		/* It went */
		sim_path(&self->at, "live", path, sizeof(path));
		ASSERT_EQ(0, file_write(path, "1"));
	}
	sim_heal(_metadata, self);
	EXPECT_EQ(0, get(_metadata, &self->n).rings);
	expect_next_owner(_metadata, self);
}

TEST_F_TIMEOUT(owner, leaves_the_function_free_when_it_closes_it, 120)
{
	struct report report;
	int status;

	if (!enter(_metadata, self, variant->state, &report))
		SKIP(return, "%s", report.what);
	tell(_metadata, self, 'c');
	expect_well(_metadata, self);
	if (variant->state->flags & STATE_OUTLIVES)
		expect_well(_metadata, self);
	/* It still has its rings, mapped, and whatever else is its own */
	expect_free(_metadata, self);
	expect_memory_back(_metadata, self, variant->state);
	tell(_metadata, self, 'e');
	ASSERT_EQ(self->child, waitpid(self->child, &status, 0));
	EXPECT_EQ(0, status);
	expect_works_again(_metadata, self);
}

TEST_F_TIMEOUT(owner, leaves_the_function_free_when_it_is_killed, 120)
{
	struct report report;
	int status;

	if (!enter(_metadata, self, variant->state, &report))
		SKIP(return, "%s", report.what);
	ASSERT_EQ(0, kill(self->child, SIGKILL));
	ASSERT_EQ(self->child, waitpid(self->child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	expect_free(_metadata, self);
	expect_memory_back(_metadata, self, variant->state);
	if (variant->state->flags & STATE_OUTLIVES)
		expect_well(_metadata, self);
	expect_works_again(_metadata, self);
}

TEST_F_TIMEOUT(owner, meets_ENODEV_when_the_function_loses_its_driver, 120)
{
	struct report report;
	int status;

	if (!enter(_metadata, self, variant->state, &report))
		SKIP(return, "%s", report.what);
	ASSERT_EQ(0, unplug(self));
	if (self->at.pci[0])
		expect_quiet(_metadata, self);
	expect_memory_back(_metadata, self, variant->state);
	tell(_metadata, self, 'g');
	expect_well(_metadata, self);
	if (variant->state->flags & STATE_OUTLIVES)
		expect_well(_metadata, self);
	tell(_metadata, self, 'e');
	ASSERT_EQ(self->child, waitpid(self->child, &status, 0));
	EXPECT_EQ(0, status);
	expect_works_again(_metadata, self);
}

/* What the kernel's driver reads of a physical function's disk */
static int read_before(void)
{
	const char *path = getenv("ZPCIFD_FUNCTION");
	char pci[128];
	int ret;

	/* A simulated function is no PCI device */
	if (!path || pci_of(path, pci, sizeof(pci)))
		return 0;
	ret = pci_give(pci, "\n");
	if (ret)
		return ret;
	disk_len = kernel_read(pci, disk);
	return disk_len < 0 ? disk_len : pci_give(pci, "zpcifd");
}

/* The tests take a while, and alignment plays no part in them */
static bool is_relaxed(void)
{
	struct zpcifd_info info = {};
	int fd = open(getenv("ZPCIFD_FUNCTION") ?: "", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return false;
	function_info(fd, &info);
	close(fd);
	return info.out_features & ZPCIFD_FEATURE_RELAXED;
}

int main(int argc, char **argv)
{
	int ret;

	if (hold_main(argc, argv, &ret))
		return ret;
	if (is_relaxed()) {
		puts("1..0 # SKIP a function without relaxed alignment ends likewise");
		return KSFT_SKIP;
	}
	ret = read_before();
	if (ret) {
		fprintf(stderr, "states: the kernel's driver does not work before the tests: %s\n",
			strerror(-ret));
		return KSFT_FAIL;
	}
	return test_harness_run(argc, argv);
}
