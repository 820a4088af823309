package io.tailrace.broker.group;

import io.tailrace.coordinator.group.TopicDirectory;
import io.tailrace.protocol.port.Clock;

/** What the shards of a broker share. Thread-safe. */
interface GroupContext {
  Clock clock();

  /** The topics as of now. */
  TopicDirectory topics();

  /** How long offsets are kept that no member uses. */
  long offsetsRetentionMs();

  /** Whether groups are loaded without the records that cannot be read. */
  boolean loadsDamaged();
}
