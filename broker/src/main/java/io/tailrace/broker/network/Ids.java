package io.tailrace.broker.network;

import io.tailrace.protocol.message.Uuid;
import java.util.UUID;

/** Topic ids as messages carry them. Stateless. */
final class Ids {
  private Ids() {}

  /** Null when the message says that none is given. */
  static UUID ofMessage(Uuid id) {
    return id.getMostSignificant() == 0 && id.getLeastSignificant() == 0
        ? null
        : new UUID(id.getMostSignificant(), id.getLeastSignificant());
  }

  static Uuid toMessage(UUID id) {
    return Uuid.newBuilder()
        .setMostSignificant(id.getMostSignificantBits())
        .setLeastSignificant(id.getLeastSignificantBits())
        .build();
  }
}
