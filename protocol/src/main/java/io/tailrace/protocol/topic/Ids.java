package io.tailrace.protocol.topic;

import io.tailrace.protocol.message.Uuid;
import java.util.UUID;

/** The ids of topics, queues and data directories as messages carry them. Stateless. */
public final class Ids {
  private Ids() {}

  /** Null when the message says that none is given. */
  public static UUID ofMessage(Uuid id) {
    return id.getMostSignificant() == 0 && id.getLeastSignificant() == 0
        ? null
        : new UUID(id.getMostSignificant(), id.getLeastSignificant());
  }

  /** As messages carry it. */
  public static Uuid toMessage(UUID id) {
    return Uuid.newBuilder()
        .setMostSignificant(id.getMostSignificantBits())
        .setLeastSignificant(id.getLeastSignificantBits())
        .build();
  }
}
