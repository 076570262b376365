-- profile: Pakistan Household Integrated Income and Consumption Survey 2015-16 (Pakistan Bureau of Statistics), raw tables as published
-- country: PK
-- needs: hhroster(hhcode, idc, s1aq02, s1aq04, age, s1aq07, s1aq08, s1aq09, s1aq10, s1aq11)
-- needs: housing(hhcode, Province, Region, PSU, S3aq01, S3aq02, S3aq04, S3aq05A, S3aq05B, S3aq06, S3aq10, S3aq15, S3aq17, S3aq18A, S3aq18B, S3aq20A, S3aq20B, S3aq20C, S3aq20D, S3aq20E, S3aq20F, S3aq20G, S3aq20H)
-- needs: education(hhcode, idc, s2ac01, s2ac04, s2ac05, s2ac06, s2ac08)
-- needs: employment(hhcode, idc, s1bq01, s1bq03, s1bq04, s1bq06)
-- needs: ict(hhcode, idc, sictq01, sictq03, sictq04)
-- needs: agriculture(hhcode, a101, a102, a109a, a111a)
-- needs: livestock(hhcode, S7bc1.151, S7bc1.152, S7bc1.154, S7bc1.155, S7bc1.159)
-- optional: expenditure(hhcode, NonDurable)
-- key: housing(hhcode)
--
-- What one must know of this survey:
--   * It publishes no district, no interview date and no sampling weight. The place is the province; the day is the
--     constant 2016-01-01, inside the field work (September 2015 to June 2016).
--   * Values carry leading blanks, capitals vary between tables, text columns hold numbers: `said` and `number` below.
--   * Servants, and people whose s1aq11 says no, eat here but are not members. 98 and 99 as a line number: not in the household.
--   * s1aq02 holds both Son/Daughter and Brother\Sister.
--   * A nikah without rukhsati: she still lives with her parents and is asked like the never married.
--   * Only households that farm are in agriculture, only those with animals in livestock: the others have none.
--   * Land and animals are told in acres and rupees: only what is owned or irrigated, and which animals are kept, is read.
--   * Disability was not asked.

CREATE MACRO said(answer) AS nullif(lower(trim(answer::VARCHAR)), '');
CREATE MACRO number(answer) AS nullif(trim(answer::VARCHAR), '')::DOUBLE;
CREATE MACRO yes(answer) AS CASE said(answer) WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE ELSE error('not yes or no: ' || answer) END;
CREATE MACRO line(answer) AS CASE WHEN number(answer) IN (0, 98, 99) THEN NULL ELSE number(answer)::INTEGER END;
-- Farm and animal answers are kept where they can be read: a few rows of the raw tables are shifted by a column.
CREATE MACRO maybe_number(answer) AS TRY_CAST(trim(answer::VARCHAR) AS DOUBLE);
-- A value the lists below do not know stops the reading by name (checks compare it with the categories of the fact);
-- titles of courses and of work are too many for a list: they are read by their words, the last line taking the rest.
CREATE MACRO grade(answer) AS CASE
    WHEN said(answer) IS NULL THEN NULL
    WHEN said(answer) = 'less than 1' THEN 0
    WHEN regexp_full_match(said(answer), 'class [0-9]+') THEN least(substr(said(answer), 7)::INTEGER, 18)
    WHEN regexp_matches(said(answer), 'phd|m\.?phil') THEN 18
    WHEN said(answer) = 'degree in agriculture' THEN 14
    WHEN regexp_matches(said(answer), '^ma/|msc|\bmed\b|degree in') THEN 16
    WHEN regexp_matches(said(answer), 'bsc|^ba/|b\.com|b\.ed') THEN 14
    WHEN regexp_matches(said(answer), 'diploma') THEN 13
    WHEN regexp_matches(said(answer), 'fsc|^fa/|i-com') THEN 12
    -- "Others" are religious and private courses; counted as five classes, the level of reading with understanding.
    ELSE 5
  END;
-- ISCO-08 titles in major groups: 9 elementary, 6 farming, 7 craft, 8 machines, 5 sales and services, 4 clerks,
-- 3 technicians (with the armed forces, group 0), 1 managers, 2 professionals. A manager of a retail trade keeps a shop.
CREATE MACRO occupation_group(title) AS CASE
    WHEN said(title) IS NULL THEN NULL
    WHEN regexp_matches(said(title), 'labourer|elementary|cleaner|sweeper|garbage|refuse|odd job|messenger|hand packer|freight handler'
      '|shelf filler|street vendor|street and related|animal-drawn|hand and pedal|kitchen helper|fast food prep|firewood|hand launderer'
      '|meter reader|building caretaker|door to door') THEN 'elementary'
    WHEN regexp_matches(said(title), '^subsistence|crop grow|crop and|livestock and dairy|animal producer|vegetable grower|gardener'
      '|fishery work|forestry and related|poultry|aquaculture work|shrub crop|hunters|bee-?keep|sericultur') THEN 'farming'
    WHEN regexp_matches(said(title), 'armed forces') THEN 'technician'
    WHEN regexp_matches(said(title), 'retail and wholesale trade|shop keeper|shop sales|shop supervisor|sales workers|salesperson|stall|waiter|\bcooks'
      '|hairdress|guard|protective|police officer|personal services|personal care|bartender|beautician|housekeep|counter att|sales demonstr'
      '|service station|child care workers|conductors|fire-?fight|pet groom|teachers. ?aides|travel guide|travel att|astrolog|cashiers'
      '|fashion|undertak|companion|driving instruct') THEN 'trade'
    WHEN regexp_matches(said(title), 'manager|chief exec|legislator|senior (gov|off)|village') THEN 'manager'
    WHEN regexp_matches(said(title), 'electrical line|installers|repairers|mechanics') THEN 'craft'
    WHEN regexp_matches(said(title), 'drivers?|operators?$|plant operators|machine operators|assembler|crews|tool setters')
      AND NOT regexp_matches(said(title), 'word processing|switchboard|photographic') THEN 'machine'
    WHEN regexp_matches(said(title), 'associate|technician|supervisor|inspector|\bagents?\b|broker|representative|paramed|assistant|optician|photogr'
      '|decorator|buyer|government|trainer|secretar|assessor|loans|coach|athlet|chefs|controllers|community health|officials|fitness|gaming|draught')
      THEN 'technician'
    WHEN regexp_matches(said(title), 'professional|teacher|engineer|accountants|practitioner|lawyer|judge|doctor|dentist|pharmac|veterinar'
      '|scientist|developer|programmer|journalist|librarian|physicist|chemist|biolog|architect|educator|analyst|planner|specialist|author'
      '|musician|artist|statistician|translator|announcer|designer|administrator|adviser|nurs|geolog|meteorolog|therapist|sociolog|psycholog'
      '|economist|directors|actors|dancers|curator') THEN 'professional'
    WHEN regexp_matches(said(title), 'clerk|typist|teller|receptionist|interviewer|word processing|mail carr|switchboard|collectors|consultants')
      THEN 'clerk'
    ELSE 'craft'
  END;

CREATE TABLE households AS
SELECT
  home.hhcode::VARCHAR AS household_key,
  CASE said(home.Province) WHEN 'kp' THEN 'PK5' WHEN 'punjab' THEN 'PK6' WHEN 'sindh' THEN 'PK7' WHEN 'balochistan' THEN 'PK2'
    ELSE home.Province END AS place_pcode,
  said(home.Region) AS region,
  DATE '2016-01-01' AS interviewed_on,
  home.PSU::VARCHAR AS psu,
  NULL::DOUBLE AS weight,
  number(spent.NonDurable) AS spending_rupees_year,
  NULL::VARCHAR AS form_number,
  CASE said(home.S3aq01) WHEN 'independent house/compound' THEN 'independent_house' WHEN 'aparttment/flat' THEN 'apartment'
    WHEN 'part of large unit' THEN 'part_of_house' WHEN 'part of compound' THEN 'part_of_compound' WHEN 'others' THEN 'other'
    ELSE home.S3aq01 END AS dwelling,
  CASE said(home.S3aq02) WHEN 'owner occupied(not self hired)' THEN 'owner' WHEN 'owner occupied (self hired)' THEN 'owner'
    WHEN 'on rent' THEN 'rented' WHEN 'rent free' THEN 'rent_free' WHEN 'subsidized rent' THEN 'subsidised'
    ELSE home.S3aq02 END AS tenure,
  number(home.S3aq04)::INTEGER AS rooms,
  CASE said(home.S3aq05A) WHEN 'yes' THEN 'own' WHEN 'yes extension' THEN 'shared' WHEN 'no' THEN 'none' ELSE home.S3aq05A END AS electricity,
  CASE said(home.S3aq05B) WHEN 'yes' THEN 'own' WHEN 'yes extension' THEN 'shared' WHEN 'no' THEN 'none' ELSE home.S3aq05B END AS gas,
  CASE said(home.S3aq06) WHEN 'piped water' THEN 'piped' WHEN 'motorized pumping/tubewell' THEN 'motor_pump' WHEN 'hand pump' THEN 'hand_pump'
    WHEN 'open well' THEN 'well' WHEN 'closed well' THEN 'well' WHEN 'filtration plant' THEN 'filtered' WHEN 'mineral water' THEN 'filtered'
    WHEN 'tanker/truck/water be arer' THEN 'tanker' WHEN 'spring' THEN 'surface' WHEN 'pound/canal/river/stream' THEN 'surface'
    WHEN 'others' THEN 'other' ELSE home.S3aq06 END AS water_source,
  CASE said(home.S3aq10) WHEN 'inside the house' THEN 'inside' WHEN '0 - 0.5 km' THEN 'under_half_km' WHEN '0.5 - 1 km' THEN 'half_to_one_km'
    WHEN '1 - 2 km' THEN 'over_one_km' WHEN '2 - 5 km' THEN 'over_one_km' WHEN '5 + km' THEN 'over_one_km'
    ELSE home.S3aq10 END AS water_distance,
  CASE said(home.S3aq15) WHEN 'flush connected to public sewerage' THEN 'flush_sewer' WHEN 'flush connected to pit' THEN 'flush_pit'
    WHEN 'flush connected to open drain' THEN 'flush_drain' WHEN 'dry pit latrine' THEN 'dry' WHEN 'dry raised laterine' THEN 'dry'
    WHEN 'no toilet in the household' THEN 'none' ELSE home.S3aq15 END AS toilet,
  CASE said(home.S3aq17) WHEN 'under ground drains' THEN 'underground' WHEN 'covered drain' THEN 'covered' WHEN 'open drain' THEN 'open'
    WHEN 'no system' THEN 'none' ELSE home.S3aq17 END AS drainage,
  CASE said(home.S3aq18A) WHEN 'municipality' THEN 'municipal' WHEN 'privately' THEN 'private' WHEN 'no formal system' THEN 'none'
    ELSE home.S3aq18A END AS garbage,
  CASE said(home.S3aq18B) WHEN 'municipality' THEN 'municipal' WHEN 'privately' THEN 'private' WHEN 'no formal system' THEN 'none'
    ELSE home.S3aq18B END AS street_garbage,
  yes(home.S3aq20A) OR yes(home.S3aq20B) AS internet,
  yes(home.S3aq20C) AS mobile_phone,
  yes(home.S3aq20D) AS landline,
  yes(home.S3aq20E) OR yes(home.S3aq20F) AS computer,
  yes(home.S3aq20F) AS laptop,
  yes(home.S3aq20G) OR yes(home.S3aq20H) AS tablet,
  CASE WHEN farm.hhcode IS NULL OR said(farm.a101) = 'no' THEN 0
    ELSE coalesce(maybe_number(farm.a102), maybe_number(farm.a109a)) END AS owned_land_acres,
  CASE WHEN farm.hhcode IS NULL THEN 0 ELSE coalesce(maybe_number(farm.a111a), 0) END AS irrigated_land_acres,
  coalesce(maybe_number(herd."S7bc1.151"), 0) + coalesce(maybe_number(herd."S7bc1.152"), 0) > 0 AS cattle_buffalo,
  coalesce(maybe_number(herd."S7bc1.152"), 0) > 0 AS buffaloes,
  coalesce(maybe_number(herd."S7bc1.154"), 0) + coalesce(maybe_number(herd."S7bc1.155"), 0) > 0 AS goats_sheep,
  coalesce(maybe_number(herd."S7bc1.159"), 0) > 0 AS poultry
FROM housing AS home
LEFT JOIN expenditure AS spent USING (hhcode)
LEFT JOIN agriculture AS farm USING (hhcode)
LEFT JOIN livestock AS herd USING (hhcode);

CREATE TABLE people AS
SELECT
  roster.hhcode::VARCHAR AS household_key,
  roster.idc::INTEGER AS line_no,
  CASE said(roster.s1aq02) WHEN 'head' THEN 'head' WHEN 'spouse' THEN 'spouse' WHEN 'son/daughter' THEN 'child'
    WHEN 'son/daughter-in-law' THEN 'child_in_law' WHEN 'grand child' THEN 'grandchild' WHEN 'father/mother' THEN 'parent'
    WHEN 'father/mother-in-law' THEN 'parent_in_law' WHEN 'brother\sister' THEN 'sibling' WHEN 'brother/sister-in-law' THEN 'sibling_in_law'
    WHEN 'nephew\niece' THEN 'nephew_niece' WHEN 'grand father/mother' THEN 'grandparent' WHEN 'real uncle/aunty' THEN 'uncle_aunt'
    WHEN 'others(specify)' THEN 'other' ELSE roster.s1aq02 END AS relationship,
  said(roster.s1aq04) AS sex,
  number(roster.age)::INTEGER AS age_years,
  CASE said(roster.s1aq07) WHEN 'currently married' THEN 'married' WHEN 'widow/widower' THEN 'widowed' WHEN 'divorced' THEN 'divorced'
    WHEN 'unmarried/never married' THEN 'never_married' WHEN 'nikah has been solemnised but the rukhsati has not taken place' THEN 'never_married'
    ELSE roster.s1aq07 END AS marital_status,
  line(roster.s1aq08) AS spouse_line,
  line(roster.s1aq09) AS father_line,
  line(roster.s1aq10) AS mother_line,
  yes(school.s2ac01) AS can_read,
  CASE WHEN yes(school.s2ac04) THEN yes(school.s2ac06) ELSE yes(school.s2ac04) END AS attends_school,
  CASE WHEN yes(school.s2ac04) THEN grade(school.s2ac05) WHEN NOT yes(school.s2ac04) THEN 0 END AS highest_class,
  CASE WHEN said(school.s2ac08) IS NULL THEN NULL
    WHEN said(school.s2ac08) IN ('government institute', 'non formal basic education school', 'ngo/foundation/trust') THEN 'government'
    WHEN said(school.s2ac08) IN ('private institute', 'privately') THEN 'private'
    WHEN starts_with(said(school.s2ac08), 'deeni madrasa') THEN 'madrasa'
    WHEN said(school.s2ac08) = 'other' THEN 'other' ELSE school.s2ac08 END AS school_type,
  yes(work.s1bq01) OR coalesce(said(work.s1bq03) = 'yes', FALSE) AS worked_last_month,
  CASE WHEN said(work.s1bq06) IS NULL THEN NULL
    WHEN starts_with(said(work.s1bq06), 'employer') THEN 'employer'
    WHEN said(work.s1bq06) = 'self employed non agri' THEN 'self_employed'
    WHEN said(work.s1bq06) = 'paid employee' THEN 'paid_employee'
    WHEN said(work.s1bq06) = 'contributing family worker' THEN 'family_worker'
    WHEN said(work.s1bq06) = 'own cultivator' THEN 'cultivator'
    WHEN said(work.s1bq06) IN ('share cropper', 'contract cultivator') THEN 'sharecropper'
    WHEN said(work.s1bq06) = 'live stock (only)' THEN 'livestock_keeper' ELSE work.s1bq06 END AS work_status,
  occupation_group(work.s1bq04) AS occupation,
  yes(net.sictq01) AS uses_computer,
  yes(net.sictq03) AS uses_mobile,
  yes(net.sictq04) AS uses_internet,
  NULL::BOOLEAN AS disabled
FROM hhroster AS roster
LEFT JOIN education AS school USING (hhcode, idc)
LEFT JOIN employment AS work USING (hhcode, idc)
LEFT JOIN ict AS net USING (hhcode, idc)
WHERE said(roster.s1aq11) = 'yes' AND said(roster.s1aq02) <> 'servants/their relatives';

-- A home in which nobody is a member is no household.
DELETE FROM households WHERE household_key NOT IN (SELECT household_key FROM people);

-- A line number that leads to somebody who is no member leads nowhere.
UPDATE people SET spouse_line = NULL WHERE (household_key, spouse_line) NOT IN (SELECT (household_key, line_no) FROM people);
UPDATE people SET father_line = NULL WHERE (household_key, father_line) NOT IN (SELECT (household_key, line_no) FROM people);
UPDATE people SET mother_line = NULL WHERE (household_key, mother_line) NOT IN (SELECT (household_key, line_no) FROM people);
