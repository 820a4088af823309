/** Long runs that look for what short ones do not show: leaks, and harm done by hostile peers. */
package io.tailrace.benchmarks.endurance;
