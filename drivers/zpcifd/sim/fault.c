// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on demand. They count instructions from the moment that they are
 * asked for: 1 is the next one. A reset does not take them back.
 */
#include <linux/cleanup.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/sysfs.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "sim.h"

#define ZSIM_BUSY_FOREVER	U32_MAX
#define ZSIM_MAX_DELAY		10000

static const char * const zsim_fault_states[] = {
	[ZSIM_ENABLED] = "enabled",
	[ZSIM_ERROR] = "error",
	[ZSIM_DISABLED] = "disabled",
};

void zsim_fault_init(struct zsim_faults *faults, struct work_struct *vanished)
{
	spin_lock_init(&faults->lock);
	init_waitqueue_head(&faults->gone);
	faults->vanished = vanished;
}

/* Let instructions that are delayed go on */
void zsim_fault_end_delay(struct zsim_function *fn)
{
	wake_up_all(&fn->faults.gone);
}

/* Wait before an instruction, but neither past removal nor a fatal signal */
void zsim_fault_delay(struct zsim_function *fn)
{
	unsigned int delay = READ_ONCE(fn->faults.delay);

	if (likely(!delay))
		return;
	wait_event_killable_timeout(fn->faults.gone,
				    atomic_read(&fn->state) == ZSIM_GONE,
				    msecs_to_jiffies(delay));
}

/* Has the countdown come to its end? */
static bool zsim_fault_hit(u32 *countdown)
{
	return *countdown && !--*countdown;
}

/**
 * zsim_fault_answer - Answer an instruction in place of the function
 * @fn: The function
 * @insn: The instruction
 *
 * Return: true when it is answered.
 */
bool zsim_fault_answer(struct zsim_function *fn, struct zpcifd_insn *insn)
{
	struct zsim_faults *faults = &fn->faults;
	bool answered = true, vanish;

	spin_lock(&faults->lock);
	vanish = zsim_fault_hit(&faults->remove);
	if (zsim_fault_hit(&faults->nth)) {
		zsim_answer(insn, faults->cc, faults->status);
	} else if (faults->busy) {
		if (faults->busy != ZSIM_BUSY_FOREVER)
			faults->busy--;
		zsim_answer(insn, 2, 0);
	} else {
		answered = false;
	}
	spin_unlock(&faults->lock);

	if (!vanish)
		return answered;
	/* The framework is told later, as of a function that was pulled out */
	zsim_function_set_state(fn, ZSIM_GONE);
	zsim_fault_end_delay(fn);
	schedule_work(faults->vanished);
	return false;
}

ssize_t zsim_fault_busy_show(struct zsim_function *fn, char *page)
{
	u32 busy = READ_ONCE(fn->faults.busy);

	if (busy == ZSIM_BUSY_FOREVER)
		return sysfs_emit(page, "forever\n");
	return sysfs_emit(page, "%u\n", busy);
}

/* A number of instructions, or "forever" */
int zsim_fault_busy_store(struct zsim_function *fn, const char *page)
{
	u32 busy = ZSIM_BUSY_FOREVER;
	int ret;

	if (!sysfs_streq(page, "forever")) {
		ret = kstrtou32(page, 0, &busy);
		if (ret)
			return ret;
		if (busy == ZSIM_BUSY_FOREVER)
			return -ERANGE;
	}
	spin_lock(&fn->faults.lock);
	fn->faults.busy = busy;
	spin_unlock(&fn->faults.lock);
	return 0;
}

ssize_t zsim_fault_answer_show(struct zsim_function *fn, char *page)
{
	struct zsim_faults *faults = &fn->faults;
	u32 nth, cc, status;

	spin_lock(&faults->lock);
	nth = faults->nth;
	cc = faults->cc;
	status = faults->status;
	spin_unlock(&faults->lock);
	return sysfs_emit(page, "%u %u %u\n", nth, cc, status);
}

/* "<nth> <condition code> <status>"; nth 0 for never */
int zsim_fault_answer_store(struct zsim_function *fn, const char *page)
{
	struct zsim_faults *faults = &fn->faults;
	unsigned int nth, cc, status;
	int end = 0;

	if (sscanf(page, "%u %u %u %n", &nth, &cc, &status, &end) != 3 ||
	    page[end])
		return -EINVAL;
	if (cc > 3 || status > U8_MAX)
		return -ERANGE;
	/* An answer of 0 is no fault, and a status comes with 1 alone */
	if ((nth && !cc) || (cc != 1 && status))
		return -EINVAL;

	spin_lock(&faults->lock);
	faults->nth = nth;
	faults->cc = cc;
	faults->status = status;
	spin_unlock(&faults->lock);
	return 0;
}

ssize_t zsim_fault_state_show(struct zsim_function *fn, char *page)
{
	int state = atomic_read(&fn->state);

	return sysfs_emit(page, "%s\n", state < ARRAY_SIZE(zsim_fault_states) ?
			  zsim_fault_states[state] : "unbound");
}

/* Moves a bound function; a reset enables it again */
int zsim_fault_state_store(struct zsim_function *fn, const char *page)
{
	int state = __sysfs_match_string(zsim_fault_states,
					 ARRAY_SIZE(zsim_fault_states), page);

	if (state < 0)
		return state;
	return zsim_function_move(fn, state) ? 0 : -ENOTCONN;
}

ssize_t zsim_fault_delay_show(struct zsim_function *fn, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(fn->faults.delay));
}

/* Milliseconds before every instruction */
int zsim_fault_delay_store(struct zsim_function *fn, const char *page)
{
	u32 delay;
	int ret;

	ret = kstrtou32(page, 0, &delay);
	if (ret)
		return ret;
	if (delay > ZSIM_MAX_DELAY)
		return -ERANGE;
	WRITE_ONCE(fn->faults.delay, delay);
	return 0;
}

ssize_t zsim_fault_remove_show(struct zsim_function *fn, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(fn->faults.remove));
}

/* The function is gone when the nth instruction comes; 0 for never */
int zsim_fault_remove_store(struct zsim_function *fn, const char *page)
{
	u32 remove;
	int ret;

	ret = kstrtou32(page, 0, &remove);
	if (ret)
		return ret;
	spin_lock(&fn->faults.lock);
	fn->faults.remove = remove;
	spin_unlock(&fn->faults.lock);
	return 0;
}
