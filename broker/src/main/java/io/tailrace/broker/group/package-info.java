/**
 * Coordinates consumer groups: the leader of a partition of {@code __consumer_offsets} decides
 * about the groups whose names fall on it, and keeps their state in it.
 */
package io.tailrace.broker.group;
