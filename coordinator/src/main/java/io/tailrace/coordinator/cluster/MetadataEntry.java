package io.tailrace.coordinator.cluster;

/**
 * A node of the metadata as it was read.
 *
 * @param value null when the node does not exist
 * @param version grows with every update of the node, from 0; -1 when it does not exist
 * @param owner the session with which the node goes; 0 when it stays
 */
public record MetadataEntry(MetadataKey key, MetadataValue value, int version, long owner) {

  /** The entry of a node that does not exist. */
  public static MetadataEntry absent(MetadataKey key) {
    return new MetadataEntry(key, null, -1, 0);
  }
}
