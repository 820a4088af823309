/** The log on Chronicle Queue: the one place that knows it. */
package io.tailrace.broker.log.chronicle;
