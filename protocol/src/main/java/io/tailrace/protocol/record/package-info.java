/** Record batches in the layout of Kafka's RecordBatch v2 (magic 2). */
package io.tailrace.protocol.record;
