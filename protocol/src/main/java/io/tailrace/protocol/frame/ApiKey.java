package io.tailrace.protocol.frame;

import java.util.HashMap;
import java.util.Map;

/** The requests that a broker answers, with the versions that this build speaks. */
public enum ApiKey {
  HANDSHAKE(0, 0, 0),
  METADATA(1, 0, 0),
  PRODUCE(2, 0, 0),
  FETCH(3, 0, 0),
  LIST_OFFSETS(4, 0, 0),
  ALLOCATE_PRODUCER_ID(5, 0, 0),
  CREATE_TOPIC(20, 0, 0),
  DELETE_TOPIC(21, 0, 0),
  ALTER_TOPIC(22, 0, 0),
  DESCRIBE_CONFIGS(23, 0, 0),
  ALTER_CONFIGS(24, 0, 0),
  DESCRIBE_LOGS(25, 0, 0);

  private static final Map<Integer, ApiKey> BY_ID = new HashMap<>();

  static {
    for (ApiKey key : values()) {
      BY_ID.put(key.id, key);
    }
  }

  private final int id;
  private final int minVersion;
  private final int maxVersion;

  ApiKey(int id, int minVersion, int maxVersion) {
    this.id = id;
    this.minVersion = minVersion;
    this.maxVersion = maxVersion;
  }

  /** The number on the wire. */
  public int id() {
    return id;
  }

  /** The oldest version that this build speaks. */
  public int minVersion() {
    return minVersion;
  }

  /** The newest version that this build speaks. */
  public int maxVersion() {
    return maxVersion;
  }

  /** Whether this build speaks the version. */
  public boolean supports(int version) {
    return version >= minVersion && version <= maxVersion;
  }

  /** The api with this number, or null. */
  public static ApiKey of(int id) {
    return BY_ID.get(id);
  }
}
