export interface Region {
  readonly id: string;
  readonly label: string;
  readonly country: string;
  readonly site: "core" | "distributed";
  /** Advertises `GPU Linodes`. */
  readonly gpu: boolean;
}

const region = (id: string, label: string, country: string, gpu = false): Region => ({
  id,
  label,
  country,
  site: "core",
  gpu,
});

/** The regions as of mid 2026. us-iad-2 offers the Blackwell types although it does not advertise GPUs. */
export const REGIONS: readonly Region[] = [
  region("ap-west", "Mumbai, IN", "in"),
  region("ca-central", "Toronto, CA", "ca", true),
  region("ap-southeast", "Sydney, AU", "au"),
  region("us-iad", "Washington, DC", "us"),
  region("us-ord", "Chicago, IL", "us", true),
  region("fr-par", "Paris, FR", "fr", true),
  region("us-sea", "Seattle, WA", "us", true),
  region("br-gru", "Sao Paulo, BR", "br"),
  region("nl-ams", "Amsterdam, NL", "nl", true),
  region("se-sto", "Stockholm, SE", "se", true),
  region("es-mad", "Madrid, ES", "es", true),
  region("in-maa", "Chennai, IN", "in", true),
  region("jp-osa", "Osaka, JP", "jp", true),
  region("it-mil", "Milan, IT", "it", true),
  region("us-mia", "Miami, FL", "us", true),
  region("id-cgk", "Jakarta, ID", "id", true),
  region("us-lax", "Los Angeles, CA", "us", true),
  region("au-mel", "Melbourne, AU", "au"),
  region("in-bom-2", "Mumbai 2, IN", "in", true),
  region("de-fra-2", "Frankfurt 2, DE", "de", true),
  region("sg-sin-2", "Singapore 2, SG", "sg", true),
  region("jp-tyo-3", "Tokyo 3, JP", "jp", true),
  region("us-iad-2", "Washington 2, DC", "us"),
  region("gb-lon", "London 2, UK", "gb", true),
  region("us-central", "Dallas, TX", "us"),
  region("us-west", "Fremont, CA", "us"),
  region("us-southeast", "Atlanta, GA", "us", true),
  region("us-east", "Newark, NJ", "us", true),
  region("eu-west", "London, UK", "gb"),
  region("ap-south", "Singapore, SG", "sg"),
  region("eu-central", "Frankfurt, DE", "de", true),
  region("ap-northeast", "Tokyo 2, JP", "jp"),
  { ...region("us-den-1", "Denver, CO", "us"), site: "distributed" },
];

/** The regions that offer each line of GPU types. */
export const SOLD_IN: Readonly<Record<"g1" | "g2" | "g3", readonly string[]>> = {
  // At Linode this line is usually sold out. Here it is in stock, so that a plan with all 13 types can run.
  g1: ["eu-central"],
  g2: ["fr-par", "us-sea", "jp-osa", "de-fra-2", "sg-sin-2", "in-bom-2", "us-ord"],
  g3: ["us-sea", "us-lax", "us-iad-2", "ca-central", "id-cgk", "nl-ams", "de-fra-2", "gb-lon"],
};

/** The line of a GPU type; undefined for types without a GPU. */
export function lineOf(typeId: string): "g1" | "g2" | "g3" | undefined {
  const line = /^(g[123])-gpu-/.exec(typeId)?.[1];
  return line as "g1" | "g2" | "g3" | undefined;
}
