package io.tailrace.coordinator.cluster;

/** One part of an atomic, conditional write: all parts happen, or none. */
public sealed interface MetadataWrite {
  /** Accepts every version, but not that the node is absent. */
  int ANY_VERSION = -1;

  MetadataKey key();

  /**
   * Makes a node that does not exist yet.
   *
   * @param ephemeral whether it goes with the writer's session
   */
  record Create(MetadataKey key, MetadataValue value, boolean ephemeral) implements MetadataWrite {}

  /** Replaces the value of a node that has this version; its version becomes one more. */
  record Update(MetadataKey key, MetadataValue value, int version) implements MetadataWrite {}

  /** Removes a node that has this version. */
  record Delete(MetadataKey key, int version) implements MetadataWrite {}

  /** Changes nothing, but fails the whole write unless the node has this version. */
  record Check(MetadataKey key, int version) implements MetadataWrite {}
}
