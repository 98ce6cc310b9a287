/** Vocabulary of the generated source code and logs. */
export const VERBS = words(`
  accept adjust allocate archive assign balance cancel charge collect compare confirm convert
  defer deliver divide escalate estimate expire filter gather hold inspect join label match
  measure merge notify pack plan prepare price promote rebuild reconcile release repair replay
  reserve resolve return route sample schedule settle sign split track validate weigh
`);

export const NOUNS = words(`
  address batch bundle carrier cart claim contract courier customs damage depot discount dock
  driver duty forecast freight gate handover invoice journey ledger locker manifest meter notice
  offer order packet pallet parcel payment picker postcode quota rack receipt refund region
  reserve route seal shelf shift signature slot station stock storage supplier surcharge tariff
  ticket token trailer transfer vehicle voucher wagon window
`);

export const UNITS = words(`
  cents grams items metres minutes pallets seconds tries
`);
export const STATES = words(`
  blocked closed draft late lost open ready sent
`);
export const REGIONS = words(`
  alpine coast delta harbour lowland north river valley
`);

function words(text: string): [string, ...string[]] {
  return text.trim().split(/\s+/) as [string, ...string[]];
}
