/**
 * How this broker follows the leaders of its partitions: fetches, and what their answers change.
 */
package io.tailrace.broker.replication;
