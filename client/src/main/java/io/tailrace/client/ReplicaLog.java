package io.tailrace.client;

/**
 * The log of one partition on one broker.
 *
 * @param broker the broker's id
 * @param partition which partition
 * @param logStartOffset the oldest offset that is there
 * @param logEndOffset the offset that will be written next
 * @param highWatermark the end of the records that consumers can read, exclusive
 * @param sizeBytes bytes on disk
 * @param segments files that the log consists of
 */
public record ReplicaLog(
    int broker,
    TopicPartition partition,
    long logStartOffset,
    long logEndOffset,
    long highWatermark,
    long sizeBytes,
    int segments) {}
