package io.tailrace.broker.log;

import io.netty.buffer.ByteBuf;

/**
 * The records of one partition, as record batches in the order of their offsets. Confined to its
 * partition's scheduler, but for what {@link LogStore} says. No method blocks on the device, but
 * reads that miss the page cache; {@link #sealedView} is the way to make those elsewhere.
 */
public interface PartitionLog {

  /** What the log tells its owner; called on the partition's scheduler. */
  interface Listener {
    /**
     * Everything below the offset has been synced to the device. Called only where {@link
     * LogConfig#flush()} asks for syncs.
     */
    void onSynced(long syncedEndOffset);

    /** The log failed and must not be used any more. */
    void onFailure(LogException failure);

    /**
     * {@link #append} may succeed now, after {@link #isAppendable} was false or an append was
     * refused as {@code OVERLOADED}: what it needed has been prepared, or could not be, and the
     * next append throws the reason. Called once for each such time, never from within {@link
     * #isAppendable} or {@link #append}.
     */
    default void onAppendable() {}

    /**
     * Asked for whatever the owner wants to find again when the log is opened the next time: a
     * summary of all batches below the offset, which is the log's end. Asked when a segment is
     * closed, when the log is, and now and then between; must not call the log.
     *
     * @return is kept beside the segment and goes with it; null = nothing
     */
    default ByteBuf snapshot(long logEndOffset) {
      return null;
    }
  }

  /** The first offset that can be read. */
  long logStartOffset();

  /** The offset of the next record to be appended. */
  long logEndOffset();

  /** Everything below has been synced to the device, as far as the log knows. */
  long syncedEndOffset();

  /**
   * Bytes of all batches in the segments that reach beyond the log start, without what the format
   * adds.
   */
  long sizeInBytes();

  /** Segments that hold batches, the active one included. */
  int segmentCount();

  /** The largest timestamp of all records, milliseconds since 1970; -1 when there is none. */
  long maxTimestampMs();

  /**
   * The newest snapshot that was found when the log was opened and fits what the log held then;
   * null when there was none. Not synced to the device, so that one may be missing after a loss of
   * power, but checked, so that none is wrong.
   */
  Snapshot snapshot();

  /**
   * The high watermark that was stored when the log was opened, brought within what the log holds;
   * the log start offset of then when none was stored. It may be older than the last one that was
   * noted: a few seconds, after an unclean stop.
   */
  long checkpointedHighWatermark();

  /**
   * Notes the high watermark, to be found again by {@link #checkpointedHighWatermark}. Cheap: it is
   * stored within a few seconds by another thread, and when the store is closed. Truncations lower
   * what was noted.
   */
  void noteHighWatermark(long highWatermark);

  /**
   * Whether the next append finds its files ready. When it does not, begins to prepare them on
   * another thread and tells {@link Listener#onAppendable} when that is done; a log that is only
   * read needs no files to append to.
   */
  boolean isAppendable();

  /**
   * Appends the first of the batches that stand back to back, and as many of the others as can be
   * appended along with it. Base offsets and leader epochs are final; each base offset is at least
   * what {@link #logEndOffset} is then. The batches have been checked. The bytes are copied; the
   * buffer's indices do not move. A {@link Listener#snapshot} is asked for before, not between.
   *
   * @param batches holds them at {@code index}
   * @return bytes of those that were appended
   * @throws LogException {@code DISK_FULL}, nothing was appended; {@code OVERLOADED}, the files to
   *     append to are not ready yet and nothing was appended, {@link Listener#onAppendable} tells
   *     when to try again; {@code STORAGE_ERROR}, the log has failed
   */
  int append(ByteBuf batches, int index, int length);

  /**
   * Copies whole batches to {@code out}, beginning with the one that holds {@code offset}, each
   * verified against its checksum. Stops before a batch that is not wholly below {@code
   * limitOffset} and before one that would exceed {@code maxBytes}; the first is copied even if it
   * is larger, unless {@code maxBytes} is 0.
   *
   * @param offset from {@link #logStartOffset()} to {@link #logEndOffset()}
   * @param limitOffset exclusive; normally the high watermark
   * @return bytes copied
   * @throws LogException {@code OFFSET_OUT_OF_RANGE}, {@code CORRUPT_LOG} or {@code STORAGE_ERROR}
   */
  int read(long offset, long limitOffset, int maxBytes, ByteBuf out);

  /**
   * Finds the first record whose timestamp is at least the given one.
   *
   * @param timestampMs milliseconds since 1970
   * @param limitOffset exclusive; normally the high watermark
   * @return null when there is none below the limit
   * @throws LogException {@code CORRUPT_LOG} or {@code STORAGE_ERROR}
   */
  TimestampedOffset findByTimestamp(long timestampMs, long limitOffset);

  /**
   * A view of a few sealed segments, from the one that holds the offset on. Opens files that are
   * not open, but reads none of their content. The caller must close the view.
   *
   * @param offset from {@link #logStartOffset()} to {@link #logEndOffset()}
   * @return null when the offset lies in the segment that takes batches, at the log's end, or among
   *     records that are missing; such offsets are to be read here
   * @throws LogException {@code OFFSET_OUT_OF_RANGE}, {@code CORRUPT_LOG} or {@code STORAGE_ERROR}
   */
  LogView sealedView(long offset);

  /**
   * As {@link #sealedView}, beginning with the first segment that has a record whose timestamp is
   * at least the given one.
   *
   * @param timestampMs milliseconds since 1970
   * @return null when that is the segment that takes batches, or there is none
   * @throws LogException {@code CORRUPT_LOG} or {@code STORAGE_ERROR}
   */
  LogView sealedViewAtTimestamp(long timestampMs);

  /**
   * Forgets everything from the offset on; a batch that reaches over it goes as a whole. Below the
   * log start, and when nothing is left, the log is empty and begins at the smaller of the offset
   * and the log start.
   *
   * @return the new log end offset
   */
  long truncateTo(long offset);

  /**
   * Forgets everything and begins again at the offset, which may be any: what a follower does whose
   * log ends before its leader's begins.
   */
  void resetTo(long offset);

  /**
   * Where the log has to be cut so that nothing before is known to be damaged or missing: the
   * beginning of the first segment with such records, or the end of the one before records that are
   * missing. Damage becomes known when the log is opened, or by reads that meet it.
   *
   * @return -1 when nothing is known to be damaged or missing
   */
  long damagedFrom();

  /**
   * Forgets everything from {@link #damagedFrom} on, which is to be appended again from another
   * replica; a log that may lack records for no other reason is whole then. Nothing happens where
   * nothing is damaged.
   *
   * @return the new log end offset
   */
  long discardDamaged();

  /**
   * Forgets everything below the offset, which lies between log start and end. Space is freed
   * segment by segment.
   */
  void advanceLogStartOffset(long offset);

  /**
   * Deletes closed segments that retention no longer keeps, as far as they lie below the limit.
   * Also rolls the active segment when it is older than {@link LogConfig#segmentMs()}, and where
   * {@link LogConfig#compaction()} asks for it begins to compact closed segments below the limit on
   * another thread. To be called now and then.
   *
   * @param nowMs milliseconds since 1970
   * @param limitOffset exclusive; normally the high watermark
   */
  void applyRetention(long nowMs, long limitOffset);

  /** Takes over changed settings; those of size and time count from the next segment on. */
  void reconfigure(LogConfig config);

  /** Begins to sync what is not synced; {@link Listener#onSynced} tells when it is done. */
  void sync();

  /**
   * Closes the log, which then opens without a scan. What was not synced is; a store that is
   * closed, or opens the log again, waits for that.
   */
  void close();

  /**
   * What {@link Listener#snapshot} gave.
   *
   * @param offset it tells of everything below
   */
  record Snapshot(long offset, ByteBuf content) {}

  /** A record's place, found by its time. */
  record TimestampedOffset(long offset, long timestampMs) {}
}
