package io.tailrace.client;

/**
 * What one broker stores of one partition.
 *
 * @param broker the broker's id
 * @param partition which partition
 * @param logStartOffset the oldest offset that is there
 * @param logEndOffset the offset that will be written next
 * @param highWatermark consumers see what is below
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
