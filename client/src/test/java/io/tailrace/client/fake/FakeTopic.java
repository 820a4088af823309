package io.tailrace.client.fake;

import io.tailrace.protocol.message.Uuid;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A topic in memory. Guarded by its cluster. */
final class FakeTopic {
  final Uuid id;
  final List<FakePartition> partitions = new ArrayList<>();

  FakeTopic() {
    UUID random = UUID.randomUUID();
    this.id =
        Uuid.newBuilder()
            .setMostSignificant(random.getMostSignificantBits())
            .setLeastSignificant(random.getLeastSignificantBits())
            .build();
  }
}
