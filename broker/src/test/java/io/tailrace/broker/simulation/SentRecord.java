package io.tailrace.broker.simulation;

/**
 * A record of a simulated client, told from all others.
 *
 * @param number counts the client's records of the partition, from 0
 */
record SentRecord(int client, int partition, long number) {

  /** What stands in the record's value, before some padding. */
  String value() {
    return client + "/" + partition + "/" + number;
  }

  static SentRecord parse(String value) {
    String[] parts = value.trim().split("/", -1);
    return new SentRecord(
        Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), Long.parseLong(parts[2]));
  }

  @Override
  public String toString() {
    return "record " + value();
  }
}
