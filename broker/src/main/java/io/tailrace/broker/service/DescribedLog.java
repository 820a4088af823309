package io.tailrace.broker.service;

/**
 * What one partition's log on this broker holds. Exact where the log is open; otherwise as far as
 * that is known without opening it, with the high watermark at its end.
 *
 * @param segments that hold batches
 */
public record DescribedLog(
    String topic,
    int partition,
    long logStartOffset,
    long logEndOffset,
    long highWatermark,
    long sizeInBytes,
    int segments) {}
