package io.tailrace.broker.log;

import static io.tailrace.broker.log.TestBatches.batch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.PartitionLog.TimestampedOffset;
import io.tailrace.broker.log.TestBatches.ReadBatch;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatch;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every implementation of {@link PartitionLog} and {@link LogStore} does. */
abstract class PartitionLogContract {
  private static final long ALL = Long.MAX_VALUE;
  private static final long START_MS = 1_000_000;

  final LogId id = new LogId(new UUID(1, 2), 3);
  final OwnerThread owner = new OwnerThread("owner");
  final RecordingListener listener = new RecordingListener();
  final ManualClock clock = new ManualClock(START_MS);
  LogStore store;
  PartitionLog log;

  /** A store on the same disk as the one before. */
  abstract LogStore newStore(Clock storeClock);

  @BeforeEach
  final void openStore() {
    store = newStore(clock);
    log = open(config());
  }

  @AfterEach
  final void closeStore() {
    owner.run(() -> log.close());
    store.close();
    owner.close();
  }

  static LogConfig config() {
    return new LogConfig(1 << 20, 3_600_000, -1, -1, 1 << 18, LogConfig.Flush.NONE, 10_000, 1_000);
  }

  static LogConfig segmentsOf(long segmentBytes) {
    return new LogConfig(
        segmentBytes, 3_600_000, -1, -1, 1 << 18, LogConfig.Flush.NONE, 10_000, 1_000);
  }

  static LogConfig flushing(LogConfig.Flush flush, long records, long ms) {
    return new LogConfig(1 << 20, 3_600_000, -1, -1, 1 << 18, flush, records, ms);
  }

  static LogConfig retaining(long bytes, long ms, long segmentMs) {
    return new LogConfig(4_000, segmentMs, bytes, ms, 1 << 18, LogConfig.Flush.NONE, 10_000, 1_000);
  }

  PartitionLog open(LogConfig config) {
    return OwnerThread.await(store.open(id, config, owner, listener));
  }

  void reopen(LogConfig config) {
    owner.run(() -> log.close());
    log = open(config);
  }

  void reopenStore(LogConfig config) {
    owner.run(() -> log.close());
    store.close();
    store = newStore(clock);
    log = open(config);
  }

  /** Appends and gives the batch's size; again and again while the log is overloaded. */
  int append(ByteBuf batch) {
    TestBatches.append(owner, log, batch);
    return batch.readableBytes();
  }

  /** Appends so many batches of one record each, with the offset as the timestamp. */
  void appendMany(int count, int payloadBytes) {
    for (int i = 0; i < count; i++) {
      long offset = end();
      append(batch(offset, offset, payloadBytes));
    }
  }

  long end() {
    return owner.call(() -> log.logEndOffset());
  }

  long start() {
    return owner.call(() -> log.logStartOffset());
  }

  int segments() {
    return owner.call(() -> log.segmentCount());
  }

  List<ReadBatch> read(long offset, long limitOffset, int maxBytes) {
    return owner.call(
        () -> {
          ByteBuf out = Unpooled.buffer();
          int copied = log.read(offset, limitOffset, maxBytes, out);
          assertEquals(out.readableBytes(), copied);
          return TestBatches.parse(out);
        });
  }

  List<Long> offsets(long offset, long limitOffset, int maxBytes) {
    return read(offset, limitOffset, maxBytes).stream().map(ReadBatch::baseOffset).toList();
  }

  TimestampedOffset find(long timestampMs, long limitOffset) {
    return owner.call(() -> log.findByTimestamp(timestampMs, limitOffset));
  }

  ErrorCode codeOf(OwnerThread.Step step) {
    return assertThrows(LogException.class, () -> owner.run(step)).code();
  }

  static List<Long> range(long from, long to) {
    List<Long> range = new ArrayList<>();
    for (long i = from; i < to; i++) {
      range.add(i);
    }
    return range;
  }

  @Test
  void isEmptyWhenItIsNew() {
    assertEquals(0, start());
    assertEquals(0, end());
    assertEquals(0, segments());
    assertEquals(0L, owner.call(() -> log.sizeInBytes()));
    assertEquals(-1L, owner.call(() -> log.maxTimestampMs()));
    assertEquals(List.of(), read(0, ALL, 1_000));
    assertNull(find(0, ALL));
    assertFalse(store.wasClean());
    assertEquals(Set.of(id), store.list());
    assertTrue(store.usableBytes() > 0);
  }

  @Test
  void findsTheHighWatermarkAgainThatWasNoted() {
    appendMany(10, 100);
    assertEquals(0L, owner.call(() -> log.checkpointedHighWatermark()));
    owner.run(() -> log.noteHighWatermark(7));
    reopenStore(config());
    assertEquals(7L, owner.call(() -> log.checkpointedHighWatermark()));
    reopenStore(config());
    assertEquals(7L, owner.call(() -> log.checkpointedHighWatermark()));
  }

  @Test
  void bringsTheStoredHighWatermarkWithinWhatTheLogHolds() {
    appendMany(10, 100);
    owner.run(() -> log.noteHighWatermark(10));
    owner.run(() -> log.truncateTo(6));
    appendMany(4, 100);
    reopenStore(config());
    assertEquals(6L, owner.call(() -> log.checkpointedHighWatermark()), "others have 6 to 9 now");
    owner.run(() -> log.resetTo(50));
    reopenStore(config());
    assertEquals(50L, owner.call(() -> log.checkpointedHighWatermark()));
    owner.run(() -> log.noteHighWatermark(60));
    reopenStore(config());
    assertEquals(50L, owner.call(() -> log.checkpointedHighWatermark()));
  }

  @Test
  void aLogMadeAgainHasNoHighWatermark() {
    appendMany(10, 100);
    owner.run(() -> log.noteHighWatermark(10));
    owner.run(() -> log.close());
    OwnerThread.await(store.delete(id));
    log = open(config());
    appendMany(10, 100);
    reopen(config());
    assertEquals(0L, owner.call(() -> log.checkpointedHighWatermark()));
  }

  @Test
  void keepsThePartitionsLogsOfEachKindApart() {
    LogId delivery = new LogId(id.topicId(), id.partition(), LogId.Kind.DELIVERY);
    appendMany(3, 100);
    PartitionLog other =
        OwnerThread.await(store.open(delivery, config(), owner, new RecordingListener()));
    TestBatches.append(owner, other, batch(0, 5, 100));
    assertEquals(Set.of(id, delivery), store.list());
    assertEquals(1L, owner.call(other::logEndOffset));
    owner.run(other::close);
    OwnerThread.await(store.delete(delivery));
    assertEquals(Set.of(id), store.list());
    assertEquals(range(0, 3), offsets(0, ALL, 10_000));
  }

  /** A view of the segment that holds the offset; null when it is not sealed. */
  LogView view(long offset) {
    return owner.call(() -> log.sealedView(offset));
  }

  /** Reads on the test's own thread, as a reader thread does. */
  static List<Long> offsets(LogView view, long offset, long limitOffset, int maxBytes) {
    ByteBuf out = Unpooled.buffer();
    assertEquals(view.read(offset, limitOffset, maxBytes, out), out.readableBytes());
    return TestBatches.parse(out).stream().map(ReadBatch::baseOffset).toList();
  }

  @Test
  void readsSealedSegmentsThroughViewsAwayFromTheOwner() {
    reopen(segmentsOf(5_000));
    appendMany(40, 500);
    List<Long> seen = new ArrayList<>();
    long offset = 0;
    for (LogView next = view(0); next != null; next = view(offset)) {
      try (LogView view = next) {
        assertEquals(offset, view.startOffset());
        seen.addAll(offsets(view, offset, ALL, 1 << 20));
        offset = view.endOffset();
        assertEquals(List.of(), offsets(view, offset, ALL, 1 << 20));
      }
    }
    assertTrue(
        offset > 20 && offset < 40, "the last segment is not sealed, it begins at " + offset);
    assertEquals(range(0, offset), seen);
    assertNull(view(39));
    assertNull(view(40));
    assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, codeOf(() -> log.sealedView(41)));
  }

  @Test
  void aViewKeepsToOffsetsLimitsAndSizes() {
    reopen(segmentsOf(5_000));
    appendMany(40, 500);
    int size = owner.call(() -> log.read(0, 1, 1, Unpooled.buffer()));
    owner.run(() -> log.advanceLogStartOffset(2));
    try (LogView view = view(4)) {
      assertEquals(2, view.startOffset());
      assertEquals(List.of(4L, 5L), offsets(view, 4, ALL, 2 * size));
      assertEquals(List.of(4L), offsets(view, 4, ALL, 1));
      assertEquals(List.of(), offsets(view, 4, ALL, 0));
      assertEquals(List.of(4L, 5L), offsets(view, 4, 6, 1 << 20));
      for (long outside : new long[] {1, view.endOffset() + 1}) {
        assertEquals(
            ErrorCode.OFFSET_OUT_OF_RANGE,
            assertThrows(LogException.class, () -> view.read(outside, ALL, 100, Unpooled.buffer()))
                .code());
      }
    }
  }

  @Test
  void findsRecordsByTimeThroughAView() {
    reopen(segmentsOf(5_000));
    appendMany(40, 500);
    try (LogView view = owner.call(() -> log.sealedViewAtTimestamp(17))) {
      assertTrue(view.startOffset() <= 17);
      assertEquals(new TimestampedOffset(17, 17), view.findByTimestamp(17, ALL));
      assertNull(view.findByTimestamp(17, 17));
      assertNull(view.findByTimestamp(1_000, ALL));
    }
    owner.run(() -> log.advanceLogStartOffset(3));
    try (LogView view = owner.call(() -> log.sealedViewAtTimestamp(0))) {
      assertEquals(new TimestampedOffset(3, 3), view.findByTimestamp(0, ALL));
    }
    assertNull(owner.call(() -> log.sealedViewAtTimestamp(39)));
    assertNull(owner.call(() -> log.sealedViewAtTimestamp(1_000)));
  }

  @Test
  void aViewOutlivesRetentionTruncationResetAndDeletion() {
    reopen(segmentsOf(5_000));
    appendMany(40, 500);
    try (LogView retained = view(0);
        LogView truncated = view(13);
        LogView reset = view(13)) {
      long endOfRetained = retained.endOffset();
      long endOfTruncated = truncated.endOffset();
      owner.run(() -> log.truncateTo(14));
      appendMany(40, 900);
      owner.run(() -> log.advanceLogStartOffset(12));
      owner.run(() -> log.resetTo(1_000));
      owner.run(() -> log.close());
      OwnerThread.await(store.delete(id));
      assertEquals(range(0, endOfRetained), offsets(retained, 0, ALL, 1 << 20));
      assertEquals(range(13, endOfTruncated), offsets(truncated, 13, ALL, 1 << 20));
      assertEquals(range(13, reset.endOffset()), offsets(reset, 13, ALL, 1 << 20));
      assertEquals(new TimestampedOffset(15, 15), reset.findByTimestamp(15, ALL));
    }
    log = open(config());
  }

  @Test
  void readsTheBytesThatWereAppended() {
    ByteBuf appended = batch(0, 5, 3_000);
    append(appended);
    ByteBuf out = Unpooled.buffer();
    owner.run(() -> log.read(0, ALL, 1 << 20, out));
    assertEquals(appended, out);
    assertEquals(0, appended.readerIndex());
  }

  @Test
  void appendsBatchesThatStandBackToBackAcrossSegments() {
    reopen(segmentsOf(50_000));
    for (ByteBuf batches :
        List.of(
            TestBatches.batches(0, 40, 3_000),
            TestBatches.batches(40, 100, 10),
            Unpooled.wrappedBuffer(ByteBufUtil.getBytes(TestBatches.batches(140, 60, 1_000))),
            Unpooled.wrappedBuffer(
                TestBatches.batches(200, 5, 2_000), TestBatches.batches(205, 5, 2_000)))) {
      TestBatches.append(owner, log, batches);
    }
    assertEquals(range(0, 210), offsets(0, ALL, 1 << 20));
    assertTrue(segments() > 3, "there are " + segments() + " segments");
    reopen(segmentsOf(50_000));
    assertEquals(range(0, 210), offsets(0, ALL, 1 << 20));
    assertEquals(new TimestampedOffset(77, 1_077), find(1_077, ALL));
  }

  @Test
  void appendsABatchThatStandsInTheMiddleOfAHeapBuffer() {
    ByteBuf first = batch(0, 5, 100);
    int size = first.readableBytes();
    ByteBuf frame = Unpooled.buffer().writeZero(37).writeBytes(first, 0, size).writeZero(11);
    TestBatches.awaitAppendable(owner, log);
    owner.run(() -> log.append(frame, 37, size));
    ByteBuf out = Unpooled.buffer();
    owner.run(() -> log.read(0, ALL, 1 << 20, out));
    assertEquals(first, out);
  }

  @Test
  void appendsABatchThatIsScatteredOverSeveralBuffers() {
    ByteBuf whole = batch(0, 5, 1_000);
    int size = whole.readableBytes();
    ByteBuf scattered =
        Unpooled.wrappedBuffer(whole.copy(0, 10), whole.copy(10, 500), whole.copy(510, size - 510));
    append(scattered);
    scattered.release();
    ByteBuf out = Unpooled.buffer();
    owner.run(() -> log.read(0, ALL, 1 << 20, out));
    assertEquals(whole, out);
  }

  @Test
  void readsFromTheBatchThatHoldsTheOffset() {
    append(batch(0, CompressionType.NONE, 10, 1, 1, 1, 1, 1));
    append(batch(5, CompressionType.NONE, 10, 1, 1, 1, 1, 1));
    append(batch(10, CompressionType.NONE, 10, 1, 1));
    assertEquals(List.of(0L, 5L, 10L), offsets(0, ALL, 10_000));
    assertEquals(List.of(0L, 5L, 10L), offsets(4, ALL, 10_000));
    assertEquals(List.of(5L, 10L), offsets(5, ALL, 10_000));
    assertEquals(List.of(5L, 10L), offsets(7, ALL, 10_000));
    assertEquals(List.of(10L), offsets(11, ALL, 10_000));
    assertEquals(List.of(), offsets(12, ALL, 10_000));
  }

  @Test
  void stopsBelowTheLimitWithWholeBatches() {
    append(batch(0, CompressionType.NONE, 10, 1, 1, 1));
    append(batch(3, CompressionType.NONE, 10, 1, 1, 1));
    assertEquals(List.of(), offsets(0, 0, 10_000));
    assertEquals(List.of(), offsets(0, 2, 10_000));
    assertEquals(List.of(0L), offsets(0, 3, 10_000));
    assertEquals(List.of(0L), offsets(0, 5, 10_000));
    assertEquals(List.of(0L, 3L), offsets(0, 6, 10_000));
  }

  @Test
  void readsAtLeastOneBatchUnlessNoBytesAreWanted() {
    int size = append(batch(0, 1, 500));
    append(batch(1, 1, 500));
    append(batch(2, 1, 500));
    assertEquals(List.of(0L), offsets(0, ALL, 1));
    assertEquals(List.of(0L), offsets(0, ALL, 2 * size - 1));
    assertEquals(List.of(0L, 1L), offsets(0, ALL, 2 * size));
    assertEquals(List.of(), offsets(0, ALL, 0));
  }

  @Test
  void refusesOffsetsOutsideOfTheLog() {
    appendMany(10, 100);
    owner.run(() -> log.advanceLogStartOffset(3));
    assertEquals(
        ErrorCode.OFFSET_OUT_OF_RANGE, codeOf(() -> log.read(2, ALL, 100, Unpooled.buffer())));
    assertEquals(
        ErrorCode.OFFSET_OUT_OF_RANGE, codeOf(() -> log.read(11, ALL, 100, Unpooled.buffer())));
    assertEquals(List.of(), offsets(10, ALL, 100));
    assertEquals(range(3, 10), offsets(3, ALL, 100_000));
  }

  @Test
  void keepsGapsBetweenOffsets() {
    append(batch(5, 1, 10));
    append(batch(100, 1, 10));
    assertEquals(101, end());
    assertEquals(List.of(5L, 100L), offsets(0, ALL, 1_000));
    assertEquals(List.of(100L), offsets(6, ALL, 1_000));
    reopenStore(config());
    assertEquals(List.of(100L), offsets(50, ALL, 1_000));
    assertEquals(101, end());
  }

  /**
   * As compaction will leave them: between batches, between segments and at the end of a segment.
   */
  @ParameterizedTest
  @ValueSource(ints = {1_000, 1 << 20})
  void goesAcrossGaps(int segmentBytes) {
    reopen(segmentsOf(segmentBytes));
    List<Long> offsets = List.of(3L, 10L, 11L, 40L, 41L, 90L);
    for (long offset : offsets) {
      append(batch(offset, offset, 400));
    }
    for (int opened = 0; opened < 2; opened++) {
      assertEquals(offsets, offsets(0, ALL, 100_000));
      assertEquals(offsets.subList(3, 6), offsets(12, ALL, 100_000));
      assertEquals(List.of(10L, 11L), offsets(4, 41, 1_500).stream().limit(2).toList());
      assertEquals(new TimestampedOffset(40, 40), find(12, ALL));
      assertNull(find(12, 40));
      reopen(segmentsOf(segmentBytes));
    }
    assertEquals(42L, owner.call(() -> log.truncateTo(60)));
    assertEquals(12L, owner.call(() -> log.truncateTo(30)));
    append(batch(50, 50, 400));
    reopenStore(segmentsOf(segmentBytes));
    assertEquals(List.of(3L, 10L, 11L, 50L), offsets(0, ALL, 100_000));
    assertEquals(51, end());
  }

  @Test
  void refusesABatchBelowItsEnd() {
    appendMany(3, 10);
    assertThrows(IllegalArgumentException.class, () -> append(batch(2, 1, 10)));
    assertEquals(range(0, 3), offsets(0, ALL, 10_000));
  }

  @Test
  void rollsSegmentsAndReadsAcrossThem() {
    reopen(segmentsOf(10_000));
    appendMany(100, 1_000);
    assertTrue(segments() >= 10, "segments: " + segments());
    assertEquals(range(0, 100), offsets(0, ALL, 1 << 20));
    assertEquals(range(37, 100), offsets(37, ALL, 1 << 20));
    assertEquals(range(37, 64), offsets(37, 64, 1 << 20));
  }

  @Test
  void appendsABatchThatIsLargerThanASegment() {
    reopen(segmentsOf(10_000));
    appendMany(1, 100);
    append(batch(1, 1, 200_000));
    appendMany(1, 100);
    assertEquals(range(0, 3), offsets(0, ALL, 1 << 20));
    assertEquals(3, segments());
  }

  @Test
  void countsItsBytes() {
    reopen(segmentsOf(5_000));
    long total = 0;
    for (int i = 0; i < 30; i++) {
      total += append(batch(i, i, 10 + i * 30));
    }
    assertEquals(total, owner.call(() -> log.sizeInBytes()));
    reopenStore(segmentsOf(5_000));
    assertEquals(total, owner.call(() -> log.sizeInBytes()));
  }

  @Test
  void readsLikeASimpleListWhateverTheSizes() {
    SplittableRandom random = new SplittableRandom(42);
    reopen(segmentsOf(200_000));
    List<ReadBatch> all = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      int records = 1 + random.nextInt(20);
      long[] timestamps = random.longs(records, 0, 1_000).toArray();
      ByteBuf batch = batch(end(), CompressionType.NONE, random.nextInt(300), timestamps);
      append(batch);
      all.addAll(TestBatches.parse(batch));
      if (random.nextInt(50) == 0) {
        reopen(segmentsOf(200_000));
      }
    }
    for (int i = 0; i < 2_000; i++) {
      long offset = random.nextLong(end() + 1);
      long limit = random.nextLong(end() + 2);
      int maxBytes = random.nextInt(20_000);
      assertEquals(expected(all, offset, limit, maxBytes), read(offset, limit, maxBytes));
    }
  }

  private static List<ReadBatch> expected(
      List<ReadBatch> all, long offset, long limit, int maxBytes) {
    List<ReadBatch> expected = new ArrayList<>();
    int bytes = 0;
    for (ReadBatch batch : all) {
      if (batch.nextOffset() <= offset) {
        continue;
      }
      boolean fits = bytes + batch.sizeInBytes() <= maxBytes || (bytes == 0 && maxBytes > 0);
      if (batch.nextOffset() > limit || !fits) {
        break;
      }
      bytes += batch.sizeInBytes();
      expected.add(batch);
    }
    return expected;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void behavesLikeASimpleListWhateverIsDone(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    LogConfig config = segmentsOf(5_000);
    reopen(config);
    List<ReadBatch> all = new ArrayList<>();
    for (int step = 0; step < 400; step++) {
      long start = start();
      long end = end();
      int action = random.nextInt(200);
      if (action < 10) {
        long to = Math.max(0, end - random.nextLong(30));
        long newEnd = owner.call(() -> log.truncateTo(to));
        all.removeIf(batch -> batch.nextOffset() > newEnd);
        assertTrue(newEnd <= Math.max(to, start), "cut to " + to + " ends at " + newEnd);
        assertEquals(newEnd, end());
      } else if (action < 20) {
        long to = start + random.nextLong(end - start + 1);
        owner.run(() -> log.advanceLogStartOffset(to));
        assertEquals(to, start());
      } else if (action < 22) {
        long to = random.nextLong(2 * end + 10);
        owner.run(() -> log.resetTo(to));
        all.clear();
      } else if (action < 30) {
        reopen(config);
      } else if (action < 34) {
        reopenStore(config);
      } else if (action < 100) {
        long gap = random.nextInt(10) == 0 ? random.nextInt(20) : 0;
        long[] timestamps = random.longs(1 + random.nextInt(5), 0, 1_000).toArray();
        ByteBuf batch = batch(end + gap, CompressionType.NONE, random.nextInt(300), timestamps);
        append(batch);
        all.addAll(TestBatches.parse(batch));
      } else {
        long offset = start + random.nextLong(end - start + 1);
        long limit = start + random.nextLong(end - start + 2);
        int maxBytes = random.nextInt(8_000);
        assertEquals(expected(all, offset, limit, maxBytes), read(offset, limit, maxBytes));
      }
    }
  }

  @Test
  void findsTheFirstRecordAtOrAfterATime() {
    append(batch(0, CompressionType.NONE, 10, 100, 300, 200));
    append(batch(3, CompressionType.NONE, 10, 50, 60));
    append(batch(5, CompressionType.NONE, 10, 250, 400));
    assertEquals(new TimestampedOffset(0, 100), find(0, ALL));
    assertEquals(new TimestampedOffset(0, 100), find(100, ALL));
    assertEquals(new TimestampedOffset(1, 300), find(101, ALL));
    assertEquals(new TimestampedOffset(1, 300), find(300, ALL));
    assertEquals(new TimestampedOffset(6, 400), find(301, ALL));
    assertNull(find(401, ALL));
    assertNull(find(301, 6));
    assertEquals(new TimestampedOffset(6, 400), find(301, 7));
    assertEquals(400L, owner.call(() -> log.maxTimestampMs()));
  }

  @Test
  void findsRecordsInCompressedBatchesByTime() {
    append(batch(0, CompressionType.GZIP, 100, 10, 20, 30));
    append(batch(3, CompressionType.LZ4, 100, 40, 50));
    assertEquals(new TimestampedOffset(1, 20), find(11, ALL));
    assertEquals(new TimestampedOffset(4, 50), find(41, ALL));
  }

  @Test
  void findsByTimeLikeASimpleListThoughTimesGoBackAndForth() {
    SplittableRandom random = new SplittableRandom(7);
    reopen(segmentsOf(6_000));
    List<TimestampedOffset> all = new ArrayList<>();
    for (int i = 0; i < 150; i++) {
      long[] timestamps = random.longs(1 + random.nextInt(5), i * 10L, i * 10L + 500).toArray();
      for (long timestamp : timestamps) {
        all.add(new TimestampedOffset(all.size(), timestamp));
      }
      append(batch(end(), CompressionType.NONE, 40, timestamps));
    }
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < 500; i++) {
        long timestamp = random.nextLong(2_200);
        long limit = random.nextLong(all.size() + 2);
        long from = start();
        TimestampedOffset expected =
            all.stream()
                .filter(each -> each.timestampMs() >= timestamp && each.offset() >= from)
                .findFirst()
                .filter(each -> each.offset() < limit)
                .orElse(null);
        assertEquals(expected, find(timestamp, limit));
      }
      owner.run(() -> log.advanceLogStartOffset(all.size() / 3));
    }
  }

  @Test
  void keepsEverythingWhenItIsClosedAndOpened() {
    reopen(segmentsOf(10_000));
    appendMany(50, 1_000);
    long size = owner.call(() -> log.sizeInBytes());
    int count = segments();
    for (int i = 0; i < 3; i++) {
      reopenStore(segmentsOf(10_000));
      assertTrue(store.wasClean());
      assertEquals(50 + i, end());
      assertEquals(range(0, 50 + i), offsets(0, ALL, 1 << 20));
      assertEquals(49L + i, owner.call(() -> log.maxTimestampMs()));
      assertEquals(end(), owner.call(() -> log.syncedEndOffset()));
      appendMany(1, 10);
    }
    assertTrue(owner.call(() -> log.sizeInBytes()) > size);
    assertTrue(segments() <= count + 1, "reopening alone begins no segments");
  }

  @Test
  void isNotCleanWhenTheStoreWasNotClosed() {
    appendMany(20, 100);
    abandonStore();
    store = newStore(clock);
    assertFalse(store.wasClean());
    log = open(config());
    assertEquals(range(0, 20), offsets(0, ALL, 1 << 20));
    appendMany(5, 100);
    assertEquals(range(0, 25), offsets(0, ALL, 1 << 20));
  }

  /** Leaves store and log as a process that is killed would. */
  abstract void abandonStore();

  @Test
  void truncatesToABatch() {
    reopen(segmentsOf(10_000));
    appendMany(50, 1_000);
    assertEquals(23L, owner.call(() -> log.truncateTo(23)));
    assertEquals(23, end());
    assertEquals(range(0, 23), offsets(0, ALL, 1 << 20));
    assertEquals(22L, owner.call(() -> log.maxTimestampMs()));
    append(batch(23, 1_000, 500));
    assertEquals(range(0, 24), offsets(0, ALL, 1 << 20));
    assertEquals(new TimestampedOffset(23, 1_000), find(23, ALL));
    reopenStore(segmentsOf(10_000));
    assertEquals(range(0, 24), offsets(0, ALL, 1 << 20));
    long size = read(0, ALL, 1 << 20).stream().mapToLong(ReadBatch::sizeInBytes).sum();
    assertEquals(size, owner.call(() -> log.sizeInBytes()));
  }

  @Test
  void truncatesABatchThatReachesOverTheOffsetAsAWhole() {
    append(batch(0, CompressionType.NONE, 10, 1, 1, 1));
    append(batch(3, CompressionType.NONE, 10, 1, 1, 1));
    assertEquals(3L, owner.call(() -> log.truncateTo(4)));
    assertEquals(List.of(0L), offsets(0, ALL, 1_000));
    assertEquals(0L, owner.call(() -> log.truncateTo(2)));
    assertEquals(0, end());
    append(batch(0, 9, 10));
    assertEquals(List.of(0L), offsets(0, ALL, 1_000));
  }

  @Test
  void truncatesAgainAndAgain() {
    reopen(segmentsOf(3_000));
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 30; i++) {
      appendMany(1 + random.nextInt(10), 400);
      long to = random.nextLong(end() + 1);
      assertEquals(to, owner.call(() -> log.truncateTo(to)));
      assertEquals(range(0, to), offsets(0, ALL, 1 << 20));
      if (random.nextInt(4) == 0) {
        reopenStore(segmentsOf(3_000));
        assertEquals(range(0, to), offsets(0, ALL, 1 << 20));
      }
    }
  }

  @Test
  void doesNotTruncateBeyondItsEnd() {
    appendMany(5, 10);
    assertEquals(5L, owner.call(() -> log.truncateTo(5)));
    assertEquals(5L, owner.call(() -> log.truncateTo(99)));
    appendMany(1, 10);
    assertEquals(1, segments());
  }

  @Test
  void beginsAgainBelowItsStartWhenItIsTruncatedThere() {
    appendMany(20, 100);
    owner.run(() -> log.advanceLogStartOffset(10));
    assertEquals(5L, owner.call(() -> log.truncateTo(5)));
    assertEquals(5, start());
    assertEquals(List.of(), offsets(5, ALL, 1_000));
    appendMany(1, 10);
    reopenStore(config());
    assertEquals(5, start());
    assertEquals(List.of(5L), offsets(5, ALL, 1_000));
  }

  @Test
  void beginsAgainAtAnyOffset() {
    appendMany(20, 100);
    owner.run(() -> log.resetTo(1_000));
    assertEquals(1_000, start());
    assertEquals(1_000, end());
    assertEquals(0, segments());
    reopenStore(config());
    assertEquals(1_000, start());
    assertEquals(1_000, end());
    appendMany(2, 10);
    assertEquals(List.of(1_000L, 1_001L), offsets(1_000, ALL, 1_000));
    owner.run(() -> log.resetTo(3));
    appendMany(1, 10);
    reopenStore(config());
    assertEquals(List.of(3L), offsets(3, ALL, 1_000));
  }

  @Test
  void advancesItsStartAndFreesWholeSegments() {
    reopen(segmentsOf(10_000));
    appendMany(50, 1_000);
    int before = segments();
    owner.run(() -> log.advanceLogStartOffset(25));
    assertEquals(25, start());
    assertTrue(segments() < before);
    assertEquals(range(25, 50), offsets(25, ALL, 1 << 20));
    owner.run(() -> log.advanceLogStartOffset(10));
    assertEquals(25, start());
    reopenStore(segmentsOf(10_000));
    assertEquals(25, start());
    owner.run(() -> log.advanceLogStartOffset(50));
    assertEquals(List.of(), offsets(50, ALL, 1 << 20));
    reopenStore(segmentsOf(10_000));
    assertEquals(50, start());
    assertEquals(50, end());
    appendMany(2, 10);
    assertEquals(List.of(50L, 51L), offsets(50, ALL, 1 << 20));
    assertThrows(
        IllegalArgumentException.class, () -> owner.run(() -> log.advanceLogStartOffset(60)));
  }

  @Test
  void retainsBySize() {
    reopen(retaining(-1, -1, 3_600_000));
    appendMany(40, 1_000);
    long size = owner.call(() -> log.sizeInBytes());
    owner.run(() -> log.applyRetention(START_MS, ALL));
    assertEquals(0, start());
    owner.run(() -> log.reconfigure(retaining(10_000, -1, 3_600_000)));
    owner.run(() -> log.applyRetention(START_MS, 6));
    assertTrue(start() > 0 && start() <= 6, "start " + start());
    owner.run(() -> log.applyRetention(START_MS, ALL));
    long kept = owner.call(() -> log.sizeInBytes());
    assertTrue(kept > 10_000 && kept < 10_000 + 4_000 && kept < size, "kept " + kept);
    assertEquals(range(start(), 40), offsets(start(), ALL, 1 << 20));
    reopenStore(retaining(10_000, -1, 3_600_000));
    assertEquals(range(start(), 40), offsets(start(), ALL, 1 << 20));
  }

  @Test
  void retainsByTheYoungestRecordsTime() {
    reopen(retaining(-1, 1_000, 3_600_000));
    clock.setMs(START_MS + 5_000);
    for (int i = 0; i < 12; i++) {
      append(batch(i, 1_000_000 + (i == 4 ? 5_000 : i), 1_000));
    }
    owner.run(() -> log.applyRetention(1_000_900, ALL));
    assertEquals(0, start());
    owner.run(() -> log.applyRetention(1_002_000, ALL));
    assertEquals(3, start(), "the segment with the young record and all after it stay");
    owner.run(() -> log.applyRetention(1_009_000, ALL));
    assertEquals(9, start(), "the active segment stays");
  }

  @Test
  void rollsTheActiveSegmentWhenItIsOld() {
    reopen(retaining(-1, 10_000, 5_000));
    append(batch(0, START_MS, 100));
    owner.run(() -> log.applyRetention(START_MS + 4_999, ALL));
    append(batch(1, START_MS, 100));
    assertEquals(1, segments());
    owner.run(() -> log.applyRetention(START_MS + 5_000, ALL));
    clock.setMs(START_MS + 5_000);
    append(batch(2, START_MS + 5_000, 100));
    assertEquals(2, segments());
    owner.run(() -> log.applyRetention(START_MS + 14_000, ALL));
    assertEquals(2, start());
    owner.run(() -> log.applyRetention(START_MS + 15_000, ALL));
    assertEquals(3, start(), "an old active segment is rolled and goes");
    assertEquals(3, end());
    assertEquals(0, segments());
    reopenStore(retaining(-1, 10_000, 5_000));
    assertEquals(3, start());
    assertEquals(3, end());
    appendMany(1, 10);
    assertEquals(List.of(3L), offsets(3, ALL, 1_000));
  }

  @Test
  void syncsWhenItIsAskedTo() {
    appendMany(10, 100);
    owner.run(() -> log.sync());
    listener.awaitSynced(10);
    assertEquals(10L, owner.call(() -> log.syncedEndOffset()));
  }

  @Test
  void syncsEveryAppendWhenItFlushesBeforeAcknowledging() {
    reopen(flushing(LogConfig.Flush.ACK, 1, 1));
    for (int i = 0; i < 20; i++) {
      appendMany(1, 100);
      listener.awaitSynced(i + 1L);
    }
    int before = listener.syncs();
    owner.run(
        () -> {
          for (int i = 20; i < 220; i++) {
            TestBatches.append(owner, log, batch(i, i, 100));
          }
        });
    listener.awaitSynced(220);
    assertTrue(listener.syncs() - before < 100, "one sync covers many appends");
    assertNull(listener.failure());
  }

  @Test
  void syncsAcrossRolledSegments() {
    reopen(new LogConfig(4_000, 3_600_000, -1, -1, 1 << 18, LogConfig.Flush.ACK, 10_000, 1_000));
    appendMany(40, 500);
    listener.awaitSynced(40);
    assertTrue(segments() > 4);
  }

  @Test
  void syncsAfterSoManyRecords() {
    reopen(flushing(LogConfig.Flush.INTERVAL, 10, 3_600_000));
    appendMany(9, 100);
    assertEquals(0, listener.syncs());
    appendMany(1, 100);
    listener.awaitSynced(10);
  }

  @Test
  void syncsAfterSoLong() {
    reopen(flushing(LogConfig.Flush.INTERVAL, 1_000_000, 20));
    appendMany(3, 100);
    listener.awaitSynced(3);
  }

  private long snapshotOffset() {
    return owner.call(
        () -> {
          PartitionLog.Snapshot found = log.snapshot();
          if (found == null) {
            return -1L;
          }
          assertEquals(
              "below " + found.offset(), found.content().toString(StandardCharsets.US_ASCII));
          return found.offset();
        });
  }

  @Test
  void hasNoSnapshotWhenNobodyGaveOne() {
    appendMany(3, 10);
    reopen(config());
    assertEquals(-1, snapshotOffset());
  }

  @Test
  void givesBackTheSnapshotOfItsEndWhenItWasClosed() {
    listener.giveSnapshots();
    reopen(segmentsOf(4_000));
    appendMany(20, 500);
    reopenStore(segmentsOf(4_000));
    assertEquals(20, snapshotOffset());
    reopenStore(segmentsOf(4_000));
    assertEquals(20, snapshotOffset());
    appendMany(1, 500);
    reopen(segmentsOf(4_000));
    assertEquals(21, snapshotOffset());
  }

  @Test
  void givesBackTheSnapshotOfItsLastRollWhenItWasNotClosed() {
    listener.giveSnapshots();
    reopen(segmentsOf(4_000));
    appendMany(20, 500);
    owner.run(() -> log.sync()); // behind all that was sealed
    listener.awaitSynced(20);
    abandonStore();
    store = newStore(clock);
    log = open(segmentsOf(4_000));
    assertEquals(20, end());
    long offset = snapshotOffset();
    assertTrue(offset >= 14 && offset < 20, "snapshot below " + offset);
  }

  @Test
  void givesNoSnapshotThatTellsOfWhatWasTruncated() {
    listener.giveSnapshots();
    reopen(segmentsOf(4_000));
    appendMany(20, 500);
    reopen(segmentsOf(4_000));
    assertEquals(20, snapshotOffset());
    owner.run(() -> log.truncateTo(10));
    listener.keepSilent();
    reopenStore(segmentsOf(4_000));
    long offset = snapshotOffset();
    assertTrue(offset > 0 && offset <= 10, "snapshot below " + offset);
    owner.run(() -> log.resetTo(50));
    appendMany(1, 10);
    reopenStore(segmentsOf(4_000));
    assertEquals(-1, snapshotOffset());
  }

  @Test
  void forgetsSnapshotsOfWhatRetentionTook() {
    listener.giveSnapshots();
    reopen(retaining(-1, 1_000, 1_000));
    appendMany(20, 500);
    owner.run(() -> log.applyRetention(START_MS + 5_000, ALL));
    assertEquals(20, start());
    reopenStore(retaining(-1, 1_000, 1_000));
    assertEquals(-1, snapshotOffset());
  }

  @Test
  void countsFromTheAppendWhereAClientsClockIsAhead() {
    LogConfig config = retaining(-1, 5_000, 1_000);
    reopen(config);
    long farAhead = START_MS + 1_000_000_000;
    append(batch(0, farAhead, 1_000));
    clock.setMs(START_MS + 500);
    append(batch(1, farAhead, 1_000));
    owner.run(() -> log.applyRetention(START_MS + 5_499, ALL));
    owner.run(() -> log.close());
    assertEquals(START_MS + 5_500, OwnerThread.await(store.summarise(id, config)).expiresAtMs());
    reopenStore(config);
    owner.run(() -> log.applyRetention(START_MS + 5_499, ALL));
    assertEquals(0, start());
    owner.run(() -> log.applyRetention(START_MS + 5_500, ALL));
    assertEquals(2, start());
  }

  @Test
  void tellsWhatALogHoldsThatIsNotOpen() {
    LogConfig config = retaining(-1, 5_000, 10_000);
    assertEquals(
        LogSummary.EMPTY, OwnerThread.await(store.summarise(new LogId(new UUID(9, 9), 9), config)));
    reopen(config);
    for (int i = 0; i < 12; i++) {
      clock.setMs(START_MS + i);
      append(batch(i, START_MS + i, 1_000));
    }
    long bytes = owner.call(() -> log.sizeInBytes());
    int count = segments();
    owner.run(() -> log.close());
    assertEquals(
        new LogSummary(false, 0, 12, bytes, count, START_MS + 2 + 5_000),
        OwnerThread.await(store.summarise(id, config)),
        "the oldest segment holds three records");
    assertEquals(
        LogSummary.NEVER,
        OwnerThread.await(store.summarise(id, retaining(1 << 20, -1, 10_000))).expiresAtMs());
    assertTrue(
        OwnerThread.await(store.summarise(id, retaining(1_000, -1, 10_000))).expiresAtMs()
            <= START_MS);
    log = open(config);
    owner.run(() -> log.advanceLogStartOffset(10));
    owner.run(() -> log.close());
    LogSummary last = OwnerThread.await(store.summarise(id, config));
    assertEquals(10, last.logStartOffset());
    assertEquals(1, last.segmentCount());
    assertEquals(
        START_MS + 9 + 10_000,
        last.expiresAtMs(),
        "the last segment takes records until it is old");
    log = open(config);
  }

  @Test
  void deletesAClosedLog() {
    appendMany(10, 100);
    assertThrows(LogException.class, () -> OwnerThread.await(store.delete(id)));
    owner.run(() -> log.close());
    OwnerThread.await(store.delete(id));
    assertEquals(Set.of(), store.list());
    OwnerThread.await(store.delete(new LogId(new UUID(9, 9), 9)));
    log = open(config());
    assertEquals(0, end());
    appendMany(3, 10);
    assertEquals(range(0, 3), offsets(0, ALL, 1_000));
  }

  @Test
  void opensALogOnlyOnce() {
    assertThrows(LogException.class, () -> open(config()));
    appendMany(1, 10);
    assertEquals(List.of(0L), offsets(0, ALL, 1_000));
  }

  @Test
  void keepsLogsApart() {
    LogId otherId = new LogId(new UUID(1, 2), 4);
    PartitionLog other = OwnerThread.await(store.open(otherId, config(), owner, listener));
    appendMany(5, 10);
    TestBatches.append(owner, other, batch(0, 1, 10));
    owner.run(
        () -> {
          assertEquals(1, other.logEndOffset());
          other.close();
        });
    assertEquals(5, end());
    assertEquals(Set.of(id, otherId), store.list());
  }

  @Test
  void keepsTheLeaderEpoch() {
    ByteBuf batch = batch(0, 1, 10);
    RecordBatch.place(batch, 0, 0, 12);
    append(batch);
    assertEquals(12, read(0, ALL, 1_000).get(0).leaderEpoch());
  }
}
